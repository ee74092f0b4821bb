import { get as getPlain } from 'node:http';
import { get } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const period = 200;
const patience = 5_000;

/** One server behind the proxy. It is ready while it says so. */
export class Backend {
  isReady = false;

  /** `ca` is the text of the CA that signed the certificate of an https `url`. */
  constructor(url, ca) {
    const { protocol, hostname, port } = new URL(url);
    this.address = { host: hostname, port: Number(port) };
    this.ask = (then) => (protocol === 'https:' ? get : getPlain)(`${url}/api/health/ready`, { ca }, then);
  }

  /** Asks over and over, for as long as the process lives. */
  async watch() {
    for (;;) {
      this.isReady = await this.#saysReady();
      await delay(period);
    }
  }

  #saysReady() {
    return new Promise((resolve) => {
      const call = this.ask((reply) => {
        reply.resume();
        resolve(reply.statusCode === 200);
      });
      call.on('error', () => resolve(false));
      call.setTimeout(patience, () => call.destroy(new Error('no answer')));
    });
  }

  connect() {
    return connect({ ...this.address, noDelay: true });
  }
}
