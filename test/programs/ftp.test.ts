/** FTP over TLS (RFC 4217), with a real client: the one protocol whose clients commonly leave TLS again (CCC). */
import { once } from 'node:events';
import net from 'node:net';
import { createSecureContext, OnionSocket } from '../../src';
import { quiet, track, trackServer } from '../support/pairs';
import { describeWith, Program, writeFiles } from '../support/programs';
import { ca, cert, key } from './support/site';

const FILE = Buffer.alloc(300_000, 'f');
const secureContext = createSecureContext({ key, cert });

const ANSWERS: Readonly<Record<string, string>> = {
  AUTH: '234 go on in TLS',
  USER: '331 and the password',
  PASS: '230 logged in',
  PBSZ: '200 good',
  PROT: '200 data is protected',
  CCC: '200 go on in plaintext',
  PWD: '257 "/"',
  TYPE: '200 good',
  SIZE: `213 ${FILE.length}`,
  RETR: '150 here it comes',
  QUIT: '221 bye',
};

async function listen(onConnection: (transport: net.Socket) => void): Promise<number> {
  const server = trackServer(net.createServer(onConnection));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as net.AddressInfo).port;
}

async function readLine(socket: OnionSocket): Promise<string> {
  for (let line = ''; ; ) {
    const byte = socket.read(1) as Buffer | null;
    if (byte === null) await once(socket, 'readable');
    else line += byte.toString('latin1');
    if (line.endsWith('\r\n')) return line.trimEnd();
  }
}

class Session {
  readonly log: string[] = [];
  readonly #control: OnionSocket;
  #data: Promise<net.Socket> | null = null;

  constructor(transport: net.Socket) {
    this.#control = quiet(track(new OnionSocket(transport)));
  }

  async run(): Promise<void> {
    this.#say('220 ready');
    for (let verb = ''; verb !== 'QUIT'; ) {
      verb = (await readLine(this.#control)).split(' ')[0] as string;
      this.log.push(`${verb} at depth ${this.#control.depth}`);
      this.#say(verb === 'EPSV' ? await this.#openData() : (ANSWERS[verb] ?? '500 unknown'));
      if (verb === 'AUTH') await this.#control.startTLS({ isServer: true, secureContext });
      if (verb === 'CCC') this.log.push((await this.#control.stopTLS()).reason);
      if (verb === 'RETR') await this.#sendFile();
    }
    this.#control.end();
  }

  #say(line: string): void {
    this.#control.write(`${line}\r\n`);
  }

  async #openData(): Promise<string> {
    const port = await new Promise<number>((resolve, reject) => {
      this.#data = new Promise((connected) => {
        listen(connected).then(resolve, reject);
      });
    });
    return `229 here (|||${port}|)`;
  }

  async #sendFile(): Promise<void> {
    const data = quiet(track(new OnionSocket((await this.#data) as net.Socket)));
    const layer = await data.startTLS({ isServer: true, secureContext });
    this.log.push(`data of ${layer.getProtocol()}`);
    data.resume();
    data.end(FILE);
    await once(data, 'close');
    this.#say('226 done');
  }
}

describeWith('curl', 'curl', () => {
  test.each(['1.2', '1.3'])('fetches a file after it has left TLS %s', async (version) => {
    const sessions: Session[] = [];
    const port = await listen((transport) => {
      const session = new Session(transport);
      sessions.push(session);
      session.run().catch((error: Error) => session.log.push(error.message));
    });
    const files = writeFiles({ ca });
    const curl = new Program('curl', [
      ...['--silent', '--show-error', '--ssl-reqd', '--cacert', files.ca, '--user', 'me:secret'],
      ...['--ftp-ssl-ccc', '--ftp-ssl-ccc-mode', 'active', '--tls-max', version],
      ...['--output', '/dev/null', '--write-out', '%{size_download}', `ftp://localhost:${port}/f`],
    ]);
    expect(await curl.exit()).toBe(0);
    expect(curl.output).toBe(String(FILE.length));
    const [session] = sessions as [Session];
    expect(session.log.slice(0, 8)).toEqual([
      'AUTH at depth 0',
      'USER at depth 1',
      'PASS at depth 1',
      'PBSZ at depth 1',
      'PROT at depth 1',
      'CCC at depth 1',
      'clean',
      'PWD at depth 0',
    ]);
    expect(session.log).toContain(`data of TLSv${version}`);
  });
});
