import type { AddressInfo, Server, Socket } from 'node:net';

/** One emulator that is up. */
export interface Endpoint {
  /** Where it listens: `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  /** Stops it and cuts the connections that are still open. */
  close(): Promise<void>;
}

/** Listens on a port of the loopback interface; 0 takes a free one. */
export async function listenOnLoopback(server: Server, port = 0): Promise<Endpoint> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
