// Go through the Web UI as an operator does, on a lab of its own, and take the pictures of docs/operating.md.
//   npm run build && npm install --no-save puppeteer-core && node scripts/web-ui-pictures.mjs
// Needs chromium (CHROMIUM names another one). Written for Web UI 2.42: labels and dialogs are found by their words.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const puppeteer = await import(process.env.PUPPETEER ?? 'puppeteer-core').then((it) => it.default ?? it);
const runbook = (...args) => execFileSync('node', ['dist/cli/main.js', ...args], { encoding: 'utf8', env });
const env = { ...process.env };
const CHANGE = 'cluster/orders/change';
const TALL = 1500;
const NAMESPACE = '/namespaces/default/workflows';

const lab = JSON.parse(runbook('lab', 'up', '--name', 'web-ui', '--json'));
Object.assign(env, { RUNBOOK_INVENTORY: lab.inventory, TEMPORAL_ADDRESS: lab.temporal.address });
const ended = [];
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--hide-scrollbars'],
});
const page = await browser.newPage();

try {
  await wrongInput();
  await switchOver();
  await failOver();
  await encrypted();
} catch (error) {
  await page.screenshot({ path: '/tmp/web-ui-pictures-failed.png' });
  throw error;
} finally {
  await browser.close();
  for (const child of ended) child.kill();
  runbook('lab', 'down', '--name', 'web-ui');
}

async function wrongInput() {
  await start('emergencyFailover', '{"clutser": "orders"}', 'a-slip');
  await until(() => runbook('list').includes('failed'));
  await openRun('a-slip');
  await picture('wrong-input', 680, 550);
}

async function switchOver() {
  await start('plannedSwitchover', '{"cluster": "orders"}', CHANGE);
  await until(() => runbook('list').includes('done'));
}

async function failOver() {
  change((inventory) => inventory.replace('mode: automatic', 'mode: approve'));
  process.kill(servers().find(({ role }) => role === 'primary').pid, 'SIGKILL');
  await start('emergencyFailover', '{"cluster": "orders"}', CHANGE, 'start');
  const { planHash } = await until(() => status().question);
  await openTab('user-metadata', TALL);
  await picture('waiting', TALL);
  await savedView();
  await openTab('history');
  await update('approve', '{"by": "ana"}', 'refused');
  await openTab('history');
  await update('pause', '{"by": "ana", "reason": "is it only the switch?"}');
  await update('resume', '{"by": "ana"}');
  await update('approve', `{"by": "ana", "plan": "${planHash.slice(0, 12)}"}`, 'approve');
  await until(() => status().outcome);
  await openTab('history');
  await scrollTo('Event History');
  await picture('timeline', 900);
  await openTab('user-metadata', TALL);
  await picture('ended', TALL);
}

/** The list as an operator keeps it: what belongs to a runbook as columns, what waits as a view. */
async function savedView() {
  const labels = ['Status', 'Type', 'MysqlCluster', 'RunbookPhase', 'AwaitingApproval', 'RunbookOutcome', 'Start'];
  const columns = { default: labels.map((label, at) => ({ label, pinned: at < 2 })) };
  await page.evaluate(
    (kept) => localStorage.setItem('namespace-workflow-table-columns', kept),
    JSON.stringify(columns),
  );
  await open(`${NAMESPACE}?query=${encodeURIComponent('AwaitingApproval=true AND ExecutionStatus="Running"')}`);
  await press('[data-testid=create-view-button]');
  await type('dialog[open] input', 'Waits for us');
  await press('dialog[open] [data-testid=confirm-modal-button]');
  await picture('waits-for-us', 620);
  await open(`${NAMESPACE}?query=${encodeURIComponent('MysqlCluster="orders"')}`);
  await picture('list', 620);
}

async function encrypted() {
  const folder = dirname(lab.inventory);
  writeFileSync(join(folder, 'secrets/payloads'), randomBytes(32).toString('base64'), { mode: 0o600 });
  const [port, origin] = [18_234, lab.temporal.webUi];
  change(
    (inventory) =>
      `${inventory}\nencryption: { keys: [{ id: one, key: { file: secrets/payloads } }], codecServer: { listen: "127.0.0.1:${port}", origins: ["${origin}"] } }\n`,
  );
  for (const { pid } of lab.workers) process.kill(pid, 'SIGTERM');
  await Promise.all([serve('worker ready', 'worker'), serve('codec server ready', 'codec-server')]);
  rehearse();
  const [run] = JSON.parse(runbook('list', '--json'));
  await openRun(run.workflowId);
  await picture('encrypted', 680);
  await press('[data-testid=data-encoder-status]');
  await type('textarea', `http://127.0.0.1:${port}`);
  await press('button', 'Apply');
  await openRun(run.workflowId);
  await picture('decrypted', 680);
}

/** What it answers (the primary is well) has an exit code of its own. */
function rehearse() {
  try {
    runbook('plan', 'emergencyFailover', '--cluster', 'orders');
  } catch (error) {
    if (error.status !== 5) throw error;
  }
}

function serve(ready, ...args) {
  const child = spawn('node', ['dist/cli/main.js', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  ended.push(child);
  return new Promise((resolve, reject) => {
    const hear = (text) => String(text).includes(ready) && resolve();
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', () => reject(new Error(`${args[0]} has ended`)));
  });
}

// Forms move while they tidy their input: a click by coordinates misses their last button.
async function start(runbookName, input, id, name) {
  const query = `taskQueue=mysql-runbooks&workflowType=${runbookName}&workflowId=${encodeURIComponent(id)}`;
  await open(`${NAMESPACE}/start-workflow?${query}`);
  await write('.cm-content', input);
  if (name) await picture(name, 960);
  await page.$eval('[data-testid=start-workflow-button]', (button) => button.click());
  await pause(1500);
}

async function update(handler, input, name) {
  await openDialog();
  await press('dialog[open] [data-testid=update-select-button]');
  if (name === 'approve') await picture('updates', 900);
  await press('[role=option]', handler);
  await write('dialog[open] .cm-content', input);
  if (name === 'approve') await picture(name, 900);
  await page.$$eval('dialog[open] button', (all) => all.find((one) => one.innerText.trim() === 'Submit').click());
  await pause(1500);
  if (name === 'refused') await picture(name, 900, 580);
}

/** A page that reads its history anew may close it again. */
async function openDialog() {
  for (let left = 5; left > 0; left -= 1) {
    await press('button', 'More Actions');
    await page.$$eval('[role=menuitem]', (items) =>
      items.findLast((one) => one.innerText.trim() === 'Send an Update' && one.getClientRects().length > 0)?.click(),
    );
    await pause(1000);
    if (await page.$('dialog[open] [data-testid=update-select-button]')) return;
  }
}

/** The element of this selector whose first line is `words`, and that a click would hit: the page keeps twins for other widths. */
async function press(selector, words) {
  const find = (css, line) =>
    [...document.querySelectorAll(css)].find((one) => {
      if (line && one.innerText.trim().split('\n')[0].trim() !== line) return false;
      const { x, y, width, height } = one.getBoundingClientRect();
      return width > 0 && one.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    });
  const handle = await page.waitForFunction(find, { timeout: 10_000 }, selector, words);
  await handle.asElement().click();
  await pause(700);
}

async function write(selector, text) {
  await press(selector);
  await page.keyboard.down('Control');
  await page.keyboard.press('KeyA');
  await page.keyboard.up('Control');
  await page.keyboard.sendCharacter(text);
  await pause(700);
}

async function type(selector, text) {
  await press(selector);
  await page.keyboard.type(text);
}

async function open(path, height = 900) {
  await page.setViewport({ width: 1280, height });
  await page.goto(lab.temporal.webUi + path, { waitUntil: 'networkidle2', timeout: 20_000 }).catch(() => undefined);
  await pause(1500);
}

function openRun(id) {
  return open(`${NAMESPACE}/${encodeURIComponent(id)}`);
}

async function openTab(tab, height) {
  await openRun(CHANGE);
  const href = await page.$$eval(
    'a',
    (all, end) => all.map((a) => a.getAttribute('href')).find((h) => h?.endsWith(end)),
    `/${tab}`,
  );
  await open(href, height);
}

async function scrollTo(words) {
  await page.evaluate(
    (line) => [...document.querySelectorAll('h2,h3')].find((one) => one.innerText.trim() === line)?.scrollIntoView(),
    words,
  );
}

/** `keep`: only so much of the top, where paths of this machine stand below. */
async function picture(name, height, keep = height) {
  await page.setViewport({ width: 1280, height });
  // The pane of the details scrolls: draw it out.
  await page.$$eval('iframe', (panes) => panes.forEach((pane) => (pane.style.height = '1150px')));
  await pause(1200);
  await page.screenshot({ path: `docs/operating/${name}.png`, clip: { x: 0, y: 0, width: 1280, height: keep } });
  process.stdout.write(`docs/operating/${name}.png\n`);
}

async function until(look) {
  for (const late = Date.now() + 60_000; Date.now() < late; await pause(300)) {
    const seen = look();
    if (seen) return seen;
  }
  throw new Error(`nothing to see: ${look}`);
}

function status() {
  return JSON.parse(runbook('status', CHANGE, '--json')).progress ?? {};
}

function servers() {
  return JSON.parse(runbook('lab', 'status', '--name', 'web-ui', '--json')).servers;
}

function change(edit) {
  writeFileSync(lab.inventory, edit(readFileSync(lab.inventory, 'utf8')));
}
