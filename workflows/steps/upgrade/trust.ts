import { type Refusal } from '../../decisions/refusal';
import { costOfCancel } from '../../decisions/upgrading/phases';
import { risksToTheWayBack } from '../../decisions/upgrading/way-back';
import { survey } from '../activities';
import { askAbout, whoSaid } from './ask';
import { type Upgrade } from './run';
import { castOf } from './turn';

/**
 * Upgraded in place, a server shows its new settings only now: those that would break the way back are asked about. The question closes by itself
 * when they are cured. False: it is called off.
 */
export async function trustTheWayBack(run: Upgrade): Promise<boolean> {
  const { book, standing, order, turn } = run;
  for (;;) {
    const risks = await book.step(
      `Look at the settings of ${standing.green[0] ?? ''}: would the way back carry?`,
      () => risksNow(run),
      (found) => (found.length === 0 ? 'nothing speaks against it' : `${found.length} settings would break it`),
    );
    if (risks.length === 0) return true;
    const because = risks.map(({ sentence, cure }) => `${sentence}: ${cure}`);
    const answer = await askAbout(run, {
      text: `The way back of ${order.cluster} would break: go on without it?`,
      because: [...because, `no: ${costOfCancel(standing.phase, castOf(order.cluster, standing))}`],
      mayBeLost: 'the way back: what is written after the switch, where somebody has to go back all the same',
      takes: 'nobody waits: clients go on; cured by hand, this question closes by itself',
      stillTrue: async () => turn.wish === null && (await risksNow(run)).length > 0,
    });
    if (answer.verdict === 'overtaken') continue;
    if (answer.verdict === 'approved') {
      book.found.evidence.push(...because.map((line) => `agreed to by ${answer.by}: ${line}`));
      return true;
    }
    turn.wish = { who: whoSaid(answer), ends: true };
    return false;
  }
}

async function risksNow({ order, standing }: Upgrade): Promise<Refusal[]> {
  const { snapshot } = await survey.previewCluster({ cluster: order.cluster });
  const [newPrimary = ''] = standing.green;
  const keepSeconds = (order.watchHours + order.keepHours) * 3_600;
  return risksToTheWayBack({ snapshot, oldPrimary: standing.primary, newPrimary, keepSeconds });
}
