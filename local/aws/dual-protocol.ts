import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';

/** A request of either protocol; both have `headers`, `method` and the bytes. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;
/** A reply of either protocol; both have `writeHead` and `end`. */
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** RFC 9113 section 3.4: a client with prior knowledge starts with this, and no HTTP/1 method is called PRI. */
const prefaceStart = Buffer.from('PRI');

/**
 * A server that speaks HTTP/1.1 and HTTP/2 without TLS on the same port, told apart by the first bytes of each connection. The SDK's
 * Kinesis client speaks HTTP/2 with prior knowledge to a plain-text endpoint; curl and the command line tools speak HTTP/1.1.
 */
export function createDualProtocolServer(listener: (request: AnyRequest, response: AnyResponse) => void): Server {
  const http1 = createHttp1Server(listener);
  const http2 = createHttp2Server(listener);
  return createServer((socket) => {
    socket.on('error', () => socket.destroy());
    whenFirstBytesArrive(socket, (start) => {
      const isHttp2 = prefaceStart.compare(start, 0, Math.min(3, start.length), 0, Math.min(3, start.length)) === 0;
      (isHttp2 ? http2 : http1).emit('connection', socket);
    });
  });
}

function whenFirstBytesArrive(socket: Socket, then: (start: Buffer) => void): void {
  socket.once('readable', () => {
    const start: unknown = socket.read();
    if (!Buffer.isBuffer(start)) return;
    socket.unshift(start);
    then(start);
  });
}
