import { createServer } from 'node:http';
import { parentPort } from 'node:worker_threads';

/**
 * A frontend and a backend that do as little as a Stream Load server can: redirect, say 100, count lines, answer. Runs in a thread of its
 * own, so that what is measured is the client.
 */
const backend = createServer();
backend.on('checkContinue', (request, response) => {
  response.writeContinue();
  let rows = 0;
  request.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) rows++;
  });
  request.on('end', () => {
    const reply = {
      TxnId: 1,
      Label: request.headers['label'],
      Status: 'Success',
      Message: 'OK',
      NumberTotalRows: rows,
      NumberLoadedRows: rows,
      NumberFilteredRows: 0,
    };
    response.end(JSON.stringify(reply));
  });
});

const frontend = createServer();
frontend.on('checkContinue', (request, response) => {
  const address = backend.address();
  const port = typeof address === 'object' ? address?.port : 0;
  response.writeHead(307, { location: `http://127.0.0.1:${port}${request.url}` }).end();
});

backend.listen(0, '127.0.0.1', () => {
  frontend.listen(0, '127.0.0.1', () => {
    const address = frontend.address();
    parentPort?.postMessage(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  });
});
