import { onTestFinished } from 'vitest';
import { systemClock } from '../../../../lib/clock.ts';
import { deadlineIn } from '../../../../lib/deadline.ts';
import { connectDoris } from '../../../../lib/doris/client.ts';
import { parseRedirectHosts } from '../../../../lib/doris/redirect-policy.ts';
import type { DorisSettings } from '../../../../lib/doris/settings.ts';
import type { Label } from '../../../../lib/plan/label.ts';
import type { Doris, Load } from '../../../../lib/ports.ts';
import { millis, seconds } from '../../../../lib/units.ts';
import type { DorisStandIn } from '../../../../local/doris/run.ts';
import { startDoris } from '../../../../local/doris/start.ts';
import { givenDoris, REDIRECT_HOSTS } from '../../../support/given.ts';
import { PASSWORD, USER } from './doris.ts';

const COLUMNS = '(`k` BIGINT NOT NULL, `v` VARCHAR(8) NULL) DUPLICATE KEY(`k`) DISTRIBUTED BY HASH(`k`) BUCKETS 1';

/** A Doris as it comes, and one of the other flavour. Both are the same where a real one is given: its image decides of what flavour it is. */
export interface Dorises {
  readonly plain: DorisStandIn;
  readonly cloud: DorisStandIn;
  close(): Promise<void>;
}

/** Starts both, or takes the real one, with an empty database `db`. */
export async function startDorises(): Promise<Dorises> {
  const real = givenDoris();
  const newest = { cloud: true, redirectForm: 'newest', firstErrorMsg: true } as const;
  const plain = real ?? (await startDoris({ user: USER, password: PASSWORD, backends: 2 }));
  const cloud = real ?? (await startDoris({ user: USER, password: PASSWORD, behaviour: newest }));
  if (real !== undefined) await real.query('DROP DATABASE IF EXISTS db FORCE');
  for (const doris of new Set([plain, cloud])) await doris.query('CREATE DATABASE db');
  return {
    plain,
    cloud,
    close: async () => {
      await plain.close();
      await cloud.close();
    },
  };
}

/** How a client reaches a Doris. */
export function clientSettings(doris: DorisStandIn): DorisSettings {
  return {
    frontends: [new URL(doris.feUrl)],
    credentials: async () => ({ username: doris.user, password: doris.password }),
    redirects: parseRedirectHosts(REDIRECT_HOSTS),
    continueTimeout: millis(150),
    frontendTimeout: seconds(2),
  };
}

let tables = 0;

/** A new table, a client, and a load of two rows into it. Delays are a twentieth of the longest. */
export async function prepared(doris: DorisStandIn, change: Partial<DorisSettings> = {}, properties = '') {
  tables += 1;
  const table = `t${tables}`;
  await doris.query(`CREATE TABLE ${table} ${COLUMNS} PROPERTIES ("replication_num" = "1"${properties})`, 'db');
  const clock = { ...systemClock, random: () => 0.05 };
  const client: Doris & { close(): Promise<void> } = connectDoris({ ...clientSettings(doris), ...change }, clock);
  onTestFinished(() => client.close());
  const load: Load = {
    label: `load:${table}` as Label,
    target: { database: 'db', table },
    rows: 2,
    body: [Buffer.from('{"k":1,"v":"a"}\n'), Buffer.from('{"k":2,"v":null}\n')],
    mayStart: async () => true,
    mayCommit: async () => true,
    mayPack: true,
    inDoubt: false,
    wouldBeKnown: async () => 'young',
  };
  const keys = async () => (await doris.query(`SELECT k FROM ${table} ORDER BY k`, 'db')).rows.map(([k]) => Number(k));
  return { client, load, keys, deadline: deadlineIn(seconds(20), clock) };
}
