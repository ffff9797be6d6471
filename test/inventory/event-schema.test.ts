import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { printEventSchema } from '../../activities/notify/event';

test('docs/notification.schema.json is what webhooks and programs are sent; else write it anew from printEventSchema', () => {
  expect(readFileSync(join(__dirname, '../../docs/notification.schema.json'), 'utf8')).toBe(printEventSchema());
});
