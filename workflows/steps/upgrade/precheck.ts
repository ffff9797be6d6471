import { type Refusal } from '../../decisions/refusal';
import { upgrades } from '../activities';
import { type Upgrade } from './run';

/** What the new release would break, as `runbook precheck upgrade` says it: errors stop, the rest stands in the report. */
export async function precheck({ book, cluster, order, standing }: Upgrade): Promise<Refusal[]> {
  const on = standing.blue.find((name) => name !== standing.primary) ?? standing.primary;
  // The new servers run it already: what they would lose is no question.
  const old = { ...cluster, instances: cluster.instances.filter(({ name }) => standing.blue.includes(name)) };
  const subject = order.mode === 'rolling' ? cluster : old;
  const found = await book.step(
    `Precheck: what would ${order.to} break?`,
    () =>
      upgrades.precheckUpgrade({ cluster: subject, to: order.to, on, deep: false, inOneStep: order.forced ?? null }),
    ({ errors, warnings, notices }) => `${errors} errors, ${warnings} warnings, ${notices} notices`,
  );
  const lines = found.findings.map(({ severity, instance, where, why, cure }) => ({
    severity,
    sentence: `${where} (${instance}): ${why}`,
    cure: cure.join(' '),
  }));
  if (found.file !== undefined) book.found.evidence.push(`all findings of the precheck: ${found.file}`);
  book.found.evidence.push(
    ...lines
      .filter(({ severity }) => severity === 'warning')
      .map(({ sentence, cure }) => `warning: ${sentence}: ${cure}`),
  );
  return lines.filter(({ severity }) => severity === 'error').map(({ sentence, cure }) => ({ sentence, cure }));
}
