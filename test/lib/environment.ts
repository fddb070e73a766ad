import { type Config, readConfig } from '../../lib/config.ts';
import { ConfigError } from '../../lib/errors.ts';

/** What a function cannot do without. */
export const ENV = {
  DORIS_FE_URLS: 'http://10.0.0.5:8030',
  DORIS_USER: 'loader',
  DORIS_PASSWORD: 'open sesame',
  DORIS_DATABASE: 'shop',
  DORIS_TABLE: 'orders',
  LEDGER_TABLE: 'ledger',
  DEAD_LETTER_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/123456789012/dead',
} as const;

type Env = Readonly<Record<string, string | undefined>>;

/** The configuration of this environment with other or more variables; undefined takes one away. */
export function readWith(change: Env = {}): Config {
  return readConfig({ ...ENV, ...change });
}

/** Why the same environment is refused; empty when it is not. */
export function faultsOf(change: Env): readonly string[] {
  try {
    readWith(change);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults;
  }
}
