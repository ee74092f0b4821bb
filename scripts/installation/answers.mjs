import { request as requestPlain } from 'node:http';
import { request } from 'node:https';

/** Waits until GET `path` answers 200 with the CA trusted; asks again every 100 ms, for a minute. */
export function answersAt(url, path, ca) {
  const isReady = () =>
    new Promise((resolve) => {
      const ask = url.startsWith('https:') ? request : requestPlain;
      const call = ask(`${url}${path}`, { ca, timeout: 2_000 }, (reply) => {
        reply.resume();
        resolve(reply.statusCode === 200);
      });
      call.on('error', () => resolve(false));
      call.on('timeout', () => call.destroy());
      call.end();
    });
  return async () => {
    const deadline = Date.now() + 60_000;
    while (!(await isReady())) {
      if (Date.now() > deadline) throw new Error(`${url}${path} did not answer within a minute`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
}
