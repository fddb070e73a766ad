import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { credentialsFrom } from '../credentials.ts';
import { type Deadline, deadlineIn } from '../deadline.ts';
import { type Inspector, inspectDoris } from '../doris/inspector.ts';
import { targetsIn } from '../plan/route.ts';
import type { Target } from '../ports.ts';
import { seconds } from '../units.ts';
import { type Finding, fault, ok, passes } from './finding.ts';
import { assumedMemory, checkMemory } from './fit.ts';
import { checkFrontend } from './frontend.ts';
import { checkNetwork } from './network.ts';
import { type Sample, samplesFor } from './sample.ts';
import { checkTable } from './table.ts';

/** No check of Doris waits for longer. */
const PATIENCE = seconds(20);

const soon = (): Deadline => deadlineIn(PATIENCE, systemClock);

/** Follows a load from the secret to the tables, up to the first hop that nothing gets past. */
export async function examineDoris(config: Config, sample: Sample, secrets: () => SecretsManagerClient): Promise<readonly Finding[]> {
  const { credentials: source, ...settings } = config.doris;
  const credentials = credentialsFrom(source, secrets, systemClock);
  try {
    await credentials();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return [
      fault('secret', 'DORIS_SECRET_ID', what, 'let the secret hold {"username","password"}, and allow secretsmanager:GetSecretValue'),
    ];
  }
  const inspector = inspectDoris({ ...settings, credentials }, systemClock);
  try {
    return await examineFrom(config, inspector, sample);
  } finally {
    await inspector.close();
  }
}

async function examineFrom(config: Config, inspector: Inspector, sample: Sample): Promise<readonly Finding[]> {
  const { frontends } = config.doris;
  const each: { readonly frontend: URL; readonly findings: readonly Finding[] }[] = [];
  for (const frontend of frontends) each.push({ frontend, findings: await examineFrontend(frontend, config, inspector) });
  const working = each.find(({ findings }) => isOpen(findings));
  const findings = each.flatMap((one) => (working === undefined || isOpen(one.findings) ? one.findings : one.findings.map(asWarning)));
  if (working === undefined) return findings;
  return [...findings, ...(await examineTables(working.frontend, config, inspector, sample)), ...(await examineMemory(config, inspector))];
}

async function examineFrontend(frontend: URL, { doris }: Config, inspector: Inspector): Promise<readonly Finding[]> {
  const reaching = { timeout: doris.connectTimeout, ...(doris.caCert === undefined ? {} : { caCert: doris.caCert }) };
  const network = await checkNetwork(frontend, reaching);
  return passes(network) ? [...network, ...(await checkFrontend(frontend, inspector, reaching, soon()))] : network;
}

/** Whether a frontend can be asked for more. */
function isOpen(findings: readonly Finding[]): boolean {
  return findings.some(({ check, verdict }) => check === 'fe-auth' && verdict === 'ok');
}

/** The loader goes on with another frontend. */
function asWarning(finding: Finding): Finding {
  return finding.verdict === 'fault' ? { ...finding, verdict: 'warning', what: `${finding.what}; other frontends work` } : finding;
}

async function examineTables(frontend: URL, config: Config, inspector: Inspector, sample: Sample): Promise<readonly Finding[]> {
  const targets = targetsIn(config.load.routing);
  const { sequenceColumn, compression, timeZone } = config.doris;
  const filled = [
    ...Object.values(config.load.positionColumns).map((column) => ({ setting: 'DORIS_POSITION_COLUMNS', column })),
    ...(sequenceColumn === undefined ? [] : [{ setting: 'DORIS_SEQUENCE_COLUMN', column: sequenceColumn }]),
  ];
  const findings: Finding[] = [];
  for (const target of targets) {
    const expectations = {
      ...(sample.samples.length === 0 ? {} : { samples: samplesFor(target, sample, config.load.routing, targets.length === 1) }),
      filled,
      needsSequence: sequenceColumn !== undefined,
      packs: compression === 'gzip',
      ...(timeZone === undefined ? {} : { timeZone }),
    };
    findings.push(...(await checkTable(frontend, target, inspector, expectations, soon())));
  }
  return findings;
}

async function examineMemory(config: Config, inspector: Inspector): Promise<readonly Finding[]> {
  const databases = [...new Set(targetsIn(config.load.routing).map(({ database }: Target) => database))];
  const findings: Finding[] = [];
  for (const database of databases) findings.push(await checkLabelState(database, inspector));
  for (const remembered of assumedMemory(config)) {
    const told = await inspector.frontendSetting(remembered.frontendSetting, databases[0] ?? '', soon());
    findings.push(checkMemory(remembered, told));
  }
  return findings;
}

async function checkLabelState(database: string, inspector: Inspector): Promise<Finding> {
  const state = await inspector.labelState(database, 'doctor-asks-for-no-load', soon());
  if (state.kind !== 'unreachable')
    return ok('label-state', database, `the state of a label is told (${state.kind} for one that was never used)`);
  const advice =
    'without it a lost reply is resolved by loading again only: look at what stands between here and the frontend, and at the database name';
  return fault('label-state', database, state.reason, advice);
}
