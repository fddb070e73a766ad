import http from 'node:http';
import https from 'node:https';
import { Agent } from 'undici';
import type { FullSettings } from './settings.ts';

/** Every connection of one client. node:http for loads, because only it can send `Expect`; undici for the questions. */
export interface Wires {
  readonly http: http.Agent;
  readonly https: https.Agent;
  readonly questions: Agent;
  close(): Promise<void>;
}

/** Opens nothing yet; connections are made on demand and kept. */
export function openWires(settings: FullSettings): Wires {
  const ca = settings.caCert === undefined ? {} : { ca: settings.caCert };
  const plain = new http.Agent({ keepAlive: true });
  const secure = new https.Agent({ keepAlive: true, ...ca });
  const questions = new Agent({ connect: { timeout: settings.connectTimeout, ...ca } });
  return {
    http: plain,
    https: secure,
    questions,
    close: async () => {
      plain.destroy();
      secure.destroy();
      await questions.destroy();
    },
  };
}
