import { TLSEngine } from '../../src';
import * as tls from '../../src/node-tls';
import { Inbox } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { goTo, pipePair, startBoth, track } from '../support/pairs';
import { Pipe } from '../support/pipe';

/** What is written to stderr while the test runs. */
function listenToStderr(): () => string {
  let text = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  return () => text;
}

function messages(text: string): string[] {
  return text
    .split('\n\n')
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => {
      const [first, , second] = paragraph.split('\n');
      return `${first}: ${second?.trim().replace(/,? ?Length=\d+/, '')}`;
    });
}

afterEach(() => jest.restoreAllMocks());

describe('enableTrace', () => {
  test('writes the messages of the handshake, with the number of an inner layer', async () => {
    const read = listenToStderr();
    const pair = await goTo(pipePair(), 1);
    expect(read()).toBe('');
    await startBoth(pair, 2, { client: { enableTrace: true }, both: { maxVersion: 'TLSv1.2' } });
    const told = messages(read());
    expect(told[0]).toBe('Sent TLS Record in layer 2: ClientHello (1)');
    expect(told).toContain('Received TLS Record in layer 2: ServerHello (2)');
    expect(told).toContain('Received TLS Record in layer 2: Certificate (11)');
    expect(told.at(-1)).toBe('Received TLS Record in layer 2: Finished (20)');
  });

  test('writes no plaintext', async () => {
    const read = listenToStderr();
    const pair = pipePair();
    await startBoth(pair, 1, { both: { enableTrace: true } });
    const before = read();
    const inbox = new Inbox(pair.server);
    pair.client.write('confidential');
    await inbox.text(12);
    const after = read().slice(before.length);
    expect(after).not.toContain(Buffer.from('confidential').toString('hex'));
    expect(messages(after).every((line) => line.includes('NewSessionTicket'))).toBe(true);
  });

  test('writes alerts', async () => {
    const read = listenToStderr();
    const pair = pipePair();
    const enableTrace = true;
    await Promise.allSettled([
      pair.client.startTLS({ ...clientOptions(1), servername: 'elsewhere.test', enableTrace }),
      pair.server.startTLS(serverOptions(1)),
    ]);
    expect(read()).toContain('Level=fatal, Description=42');
  });

  test('is an option of TLSEngine', () => {
    const read = listenToStderr();
    new TLSEngine({ ...clientOptions(1), enableTrace: true }).receive(Buffer.alloc(0));
    expect(messages(read())).toEqual(['Sent TLS Record: ClientHello (1)']);
  });

  test('is a method of the drop-in', async () => {
    const read = listenToStderr();
    const transport = new Pipe({}).a;
    const socket = track(tls.connect({ socket: transport, rejectUnauthorized: false }));
    socket.on('error', () => undefined);
    socket.enableTrace();
    await new Promise(setImmediate);
    expect(messages(read())).toEqual(['Sent TLS Record: ClientHello (1)']);
    socket.destroy();
    socket.enableTrace();
  });
});
