import { createSecureContext, type StartTLSOptions } from '../../src';
import { Inbox, watch } from '../support/events';
import { clientOptions, identityOf, serverOptions } from '../support/identities';
import { describeWith, Program, writeFiles } from '../support/programs';
import { connectThroughRelay, listenBehindRelay } from '../support/relay';

const CASES = [
  [1, '-tls1_3', 'TLSv1.3'],
  [1, '-tls1_2', 'TLSv1.2'],
  [3, '-tls1_3', 'TLSv1.3'],
  [5, '-tls1_2', 'TLSv1.2'],
  [5, '-tls1_3', 'TLSv1.3'],
] as const;

/** `s_server` that answers each line with the line reversed. */
async function startServer(depth: number, version: string): Promise<number> {
  const { key, cert } = writeFiles(identityOf(depth).server as unknown as Record<string, string>);
  const program = new Program('openssl', [
    's_server',
    ...['-accept', '127.0.0.1:0', '-key', key as string, '-cert', cert as string],
    ...[version, '-rev'],
  ]);
  await program.until(/ACCEPT 127\.0\.0\.1:\d+/);
  return Number(/ACCEPT 127\.0\.0\.1:(\d+)/.exec(program.output)?.[1]);
}

function startClient(depth: number, port: number, version: string, ...args: string[]): Program {
  const { authority, servername } = identityOf(depth);
  const { ca } = writeFiles({ ca: authority.cert });
  return new Program('openssl', [
    's_client',
    ...['-connect', `127.0.0.1:${port}`, '-servername', servername, '-CAfile', ca],
    ...['-verify_return_error', '-verify_hostname', servername, '-quiet', version],
    ...args,
  ]);
}

describeWith('openssl', 'OpenSSL', () => {
  test.each(CASES)('s_server ends layer %i with %s', async (depth, version, protocol) => {
    const socket = await connectThroughRelay(await startServer(depth, version), depth);
    const layer = await socket.startTLS(clientOptions(depth));
    expect(layer.getProtocol()).toBe(protocol);
    const inbox = new Inbox(socket);
    socket.write('hello\n');
    expect(await inbox.text(6)).toBe('olleh\n');
    const ending = watch(socket);
    socket.end();
    await ending.closed;
  });

  test.each(CASES)('s_client starts layer %i with %s', async (depth, version, protocol) => {
    const waiting = await listenBehindRelay(depth);
    const program = startClient(depth, waiting.port, version);
    const socket = await waiting.socket;
    const layer = await socket.startTLS(serverOptions(depth));
    expect(layer.getProtocol()).toBe(protocol);
    expect(layer.servername).toBe(`layer${depth}.test`);
    const inbox = new Inbox(socket);
    program.write('from OpenSSL\n');
    expect(await inbox.text(13)).toBe('from OpenSSL\n');
    socket.end('to OpenSSL\n');
    await program.until('to OpenSSL');
    expect(await program.exit()).toBe(0);
  });

  test('s_client shows its certificate', async () => {
    const waiting = await listenBehindRelay(2);
    const { authority, client } = identityOf(2);
    const { key, cert } = writeFiles({ key: client.key, cert: client.cert });
    startClient(2, waiting.port, '-tls1_3', '-key', key, '-cert', cert);
    const options: StartTLSOptions = { requestCert: true, ca: authority.cert };
    const layer = await (await waiting.socket).startTLS(serverOptions(2, options));
    expect(layer.authorized).toBe(true);
    expect(layer.getPeerCertificate().subject.CN).toBe('client of layer 2');
  });

  test('s_client resumes a session', async () => {
    const { key, cert } = serverOptions(2);
    const secureContext = createSecureContext({ key, cert });
    const { session } = writeFiles({ session: '' });
    const reused: boolean[] = [];
    for (const option of ['-sess_out', '-sess_in']) {
      const waiting = await listenBehindRelay(2);
      const program = startClient(2, waiting.port, '-tls1_2', option, session);
      const socket = await waiting.socket;
      const layer = await socket.startTLS({ isServer: true, secureContext });
      reused.push(layer.isSessionReused());
      socket.end('done');
      await program.exit();
    }
    expect(reused).toEqual([false, true]);
  });
});
