import http from 'node:http';
import https from 'node:https';
import { type Hop, type HopEnd, hop } from './hop.ts';
import { type Answer, askOnce, type Question } from './question.ts';
import type { FullSettings } from './settings.ts';

/** Every connection of one client: all that it knows of the network. */
export interface Wires {
  put(ask: Hop): Promise<HopEnd>;
  ask(question: Question): Promise<Answer>;
  close(): Promise<void>;
}

/** Opens nothing yet; connections are made on demand, and those of loads are kept. All by node:http, because only it can send `Expect`. */
export function openWires(settings: FullSettings): Wires {
  const ca = settings.caCert === undefined ? {} : { ca: settings.caCert };
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true, ...ca }) };
  return {
    put: (ask) => hop(ask, agents),
    ask: (question) => askOnce(question, settings),
    close: async () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}
