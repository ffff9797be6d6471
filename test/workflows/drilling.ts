import { type Activities, type Preview } from '../../activities';
import { type Seen } from '../../workflows/decisions/drill';
import { primary as primaryFacts, snapshotOf, uuidOf } from '../decisions/members';
import { movable, moved, well } from './moving';
import { observeUntilCancelled, type Scene } from './stage';

/** A fleet whose primary goes to db2 and comes back to db1, with clients of a drill that see it. */
export function drillable(): Partial<Scene> & Required<Pick<Scene, 'acts'>> {
  const scene = movable();
  let home = true;
  const drill = {
    mode: 'planned',
    objective: { rtoMs: 1_000, lostRows: 0, writeGapMs: 1_000 },
    ...{ announceSeconds: 0, noticeSeconds: 1, startSeconds: 1, minDaysBetween: 7 },
    errorBudget: { missed: 1, perDays: 90 },
    extras: 'ask',
  } as const;
  const writeAddress = { host: 'h', port: 3306 };
  const edge = { kind: 'haproxy', name: 'edge', socket: 's', writeBackend: 'w', writeAddress } as const;
  const preview = (name: string): Preview => ({
    cluster: { ...scene.cluster!, name, drill, routers: [edge] },
    snapshot: snapshotOf(...(home ? well : moved)),
    routers: [{ router: 'edge', writers: [home ? 'db1' : 'db2'], misconfigured: false, because: '' }],
    ...{ settings: {}, cannotHold: [] },
  });
  const acts: Partial<Activities> = {
    previewCluster: ({ cluster }) => Promise.resolve(preview(cluster)),
    surveyDrill: ({ cluster }) => {
      const now = home ? 'db1' : 'db2';
      return Promise.resolve({ ...preview(cluster), primary: now, history: [], opening: null, change: null });
    },
    switchPrimary: ({ to }) => {
      home = to === 'db1';
      const uuid = primaryFacts(to).serverUuid;
      const routed = { routers: [], provedAt: null, parts: [] };
      return Promise.resolve({ result: 'switched', uuid, epoch: 2, routed, unreleased: [], gapMs: 31, parts: [] });
    },
    writeThroughout: async () => {
      await observeUntilCancelled();
      const clients = [
        { router: 'edge', acknowledged: [[1, 9] as const], longestMs: 40, last: uuidOf(home ? 'db1' : 'db2') },
      ];
      return { clients, interrupted: false } satisfies Seen;
    },
    countLost: () => Promise.resolve(0),
  };
  return { ...scene, acts };
}
