import { Client, Connection } from '@temporalio/client';
import { loseTable } from '../../lab/lost-table';
import { inLab } from '../support/lab';

test(
  'a table that is dropped under load comes back whole, without a row lost beside it',
  () =>
    inLab({ temporal: true, worker: true, durability: 'semi-sync' }, async (lab) => {
      const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
      try {
        const said: string[] = [];
        const { report, rows, back, acknowledged, lost } = await loseTable(lab, new Client({ connection }), (line) =>
          said.push(line),
        );
        expect({ outcome: report.outcome, headline: report.headline, left: report.left }).toMatchObject({
          outcome: 'done',
          headline: expect.stringMatching(/`shop`.`items` in the cluster as of .*, just before /) as string,
          left: [],
        });
        expect(report.plan?.summary).toMatch(
          /^restore shop.items to .*, just before .* into db1, where the present tables are kept/,
        );
        expect({ rows, back, lost }).toEqual({ rows: 1500, back: 1500, lost: 0 });
        expect(acknowledged).toBeGreaterThan(100);
      } finally {
        await connection.close();
      }
    }),
  240_000,
);
