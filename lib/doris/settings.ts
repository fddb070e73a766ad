import type { LabelState, LoadMode } from '../ports.ts';
import type { Bytes, Millis } from '../units.ts';
import { seconds } from '../units.ts';
import type { RedirectPolicy } from './redirect-policy.ts';
import type { Verdict } from './verdict.ts';

/** What Doris asks for with Basic authentication. Any character but `:` in the name. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What one PUT, one question or one wait came to. Carries labels, hosts and reasons; never secrets or rows. */
export type AttemptEvent =
  | {
      readonly kind: 'attempt';
      readonly label: string;
      /** `host:port` of the last server asked. */
      readonly host: string;
      readonly verdict: Verdict['kind'];
      /** Empty when there is nothing to say. */
      readonly reason: string;
      readonly took: Millis;
      readonly size: Bytes;
    }
  | { readonly kind: 'label-state'; readonly label: string; readonly state: LabelState['kind'] }
  /** Doris was told to make a precommitted load visible, and what it said. */
  | { readonly kind: 'commit'; readonly label: string; readonly said: string }
  | { readonly kind: 'backoff'; readonly label: string; readonly after: Verdict['kind']; readonly delay: Millis };

/** How to reach Doris, whom to trust on the way, and how long to try. Where a default is named the setting may be left out. */
export interface DorisSettings {
  /** `http(s)://host:port` of each frontend, at least one, in order of preference. A path prefix is kept. */
  readonly frontends: readonly URL[];
  /**
   * Asked before every attempt, so that a rotated password is picked up; caching is the provider's.
   * @param refused - given by it before, and just refused by Doris: they may be old.
   */
  readonly credentials: (refused?: Credentials) => Promise<Credentials>;
  /** Hosts that may receive the credentials besides the frontends. */
  readonly redirects: RedirectPolicy;
  /** Lets credentials travel from an https frontend to an http backend in clear. Default false. */
  readonly allowInsecureRedirect?: boolean;
  /** PEM of the only authority that certificates may come from. Default: the public ones. */
  readonly caCert?: string;
  /** Rounds of one `load` call; in a round each frontend that refuses the connection passes the turn on. Default 5. */
  readonly maxAttempts?: number;
  /** Longest time Doris may spend on one transaction. Default 120 s. */
  readonly maxLoadTimeout?: Millis;
  /** For TCP and TLS together. Default 3 s. */
  readonly connectTimeout?: Millis;
  /** For the whole answer of a frontend, be it a redirect or a label's state. Default 15 s. */
  readonly frontendTimeout?: Millis;
  /** How long a backend may take to say 100 before the body is sent all the same. Default 1.5 s. */
  readonly continueTimeout?: Millis;
  /** How long a refused load's transaction is watched until it is seen ABORTED. Default 10 s. */
  readonly abortTimeout?: Millis;
  /** `backend` asks the frontend for its backends and loads there directly; without one, the frontend redirects. Default `frontend`. */
  readonly route?: 'frontend' | 'backend';
  /** `host:port` as Doris spells a backend -> `host:port` as it is reached from here (Kubernetes, NAT). Default none. */
  readonly backendAddresses?: ReadonlyMap<string, string>;
  /** Column by whose value Doris tells the newer row of a key (`function_column.sequence_col`). Default none. */
  readonly sequenceColumn?: string;
  /** To which Doris converts times that name a zone (`timezone`). Default: Doris's own choice. */
  readonly timeZone?: string;
  /** Default `labelled`. */
  readonly mode?: LoadMode;
  /** When group commit answers: once rows are visible, or once one backend has noted them. Default `sync`. */
  readonly groupCommit?: 'sync' | 'async';
  /** `gzip` sends bodies packed. Not with group commit, which stores a load's good rows beside its bad ones. Default `none`. */
  readonly compression?: 'none' | 'gzip';
  readonly onAttempt?: (event: AttemptEvent) => void;
}

/** The settings with every default filled in, but for those whose absence is the default. */
export type FullSettings = DorisSettings & Required<Omit<DorisSettings, 'caCert' | 'redirects' | 'sequenceColumn' | 'timeZone'>>;

/** Fills in the defaults. */
export function withDefaults(settings: DorisSettings): FullSettings {
  return {
    allowInsecureRedirect: false,
    maxAttempts: 5,
    maxLoadTimeout: seconds(120),
    connectTimeout: seconds(3),
    frontendTimeout: seconds(15),
    continueTimeout: seconds(1.5),
    abortTimeout: seconds(10),
    route: 'frontend',
    backendAddresses: new Map(),
    mode: 'labelled',
    groupCommit: 'sync',
    compression: 'none',
    onAttempt: () => {},
    ...settings,
  };
}
