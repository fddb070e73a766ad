import { expect, it } from 'vitest';
import type { Fault } from '../../../local/doris/faults.ts';
import { loadAtBackend } from './support/client.ts';
import { backendUrl, startTestDoris } from './support/doris.ts';

const FAULTS: readonly Fault[] = [
  { at: 'be.connect', probability: 0.05, action: { kind: 'reset' } },
  { at: 'be.header', probability: 0.05, action: { kind: 'respond', status: 503 } },
  { at: 'be.body', probability: 0.05, action: { kind: 'restart-backend' } },
  { at: 'be.before-commit', probability: 0.05, action: { kind: 'reset' } },
  { at: 'be.before-commit', probability: 0.05, action: { kind: 'fail', message: '[E-235]too many versions' } },
  { at: 'be.before-commit', probability: 0.05, action: { kind: 'lock-label', ms: 5, becomes: 'VISIBLE' } },
  { at: 'be.before-commit', probability: 0.05, action: { kind: 'lock-label', becomes: 'ABORTED' } },
  { at: 'be.after-commit', probability: 0.05, action: { kind: 'reset' } },
  { at: 'be.after-commit', probability: 0.05, action: { kind: 'publish-timeout', visibleAfterMs: 5 } },
  { at: 'be.after-commit', probability: 0.05, action: { kind: 'fail', message: '[THRIFT_RPC_ERROR]lost' } },
  { at: 'be.reply', probability: 0.05, action: { kind: 'truncate', bytes: 40, honest: false } },
];

it('whatever strikes, the row of a label is stored once when its transaction is VISIBLE and never otherwise', async () => {
  const doris = await startTestDoris();
  doris.faults.seed(20_261_121);
  for (const fault of FAULTS) doris.faults.add(fault);

  // Every label is tried three times, as a client does that never learns what became of a load.
  for (let load = 0; load < 120; load++) {
    for (let attempt = 0; attempt < 3; attempt++) {
      await loadAtBackend(backendUrl(doris), 'db/t', { label: `l${load}` }, `{"k": ${load}}\n`).catch(() => undefined);
    }
  }
  const struck = new Set(doris.faults.struck().map(({ action }) => action));
  doris.faults.clear();
  await doris.faults.release();
  await expect.poll(() => doris.transactions('db').every(({ state }) => state === 'VISIBLE' || state === 'ABORTED')).toBe(true);

  const { rows } = await doris.query('SELECT k FROM t', 'db');
  const stored = rows.map(([k]) => `l${k}`).sort();
  const visible = doris
    .transactions('db')
    .flatMap(({ state, label }) => (state === 'VISIBLE' ? [label] : []))
    .sort();
  await doris.close();

  expect(struck).toEqual(new Set(FAULTS.map(({ action }) => action)));
  expect(stored).toEqual(visible);
  expect(new Set(stored).size).toBe(stored.length);
  expect(stored.length).toBeGreaterThan(60);
});
