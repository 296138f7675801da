import { Inbox } from '../support/events';
import { clientOptions, identityOf, serverOptions } from '../support/identities';
import { describeWith, freePort, Program, writeFiles } from '../support/programs';
import { connectThroughRelay, listenBehindRelay } from '../support/relay';

const PRIORITIES = {
  'TLSv1.3': 'NORMAL:-VERS-ALL:+VERS-TLS1.3',
  'TLSv1.2': 'NORMAL:-VERS-ALL:+VERS-TLS1.2',
};

const CASES = [
  [1, 'TLSv1.3'],
  [1, 'TLSv1.2'],
  [3, 'TLSv1.3'],
  [4, 'TLSv1.2'],
] as const;

describeWith('gnutls-serv', 'GnuTLS as server', () => {
  test.each(CASES)('ends layer %i with %s', async (depth, protocol) => {
    const { key, cert } = writeFiles({ ...identityOf(depth).server });
    const port = await freePort();
    const program = new Program('gnutls-serv', [
      ...['--echo', '--port', String(port), '--priority', PRIORITIES[protocol]],
      ...['--x509keyfile', key, '--x509certfile', cert],
    ]);
    await program.until(/listening on IPv4.*done/);
    const socket = await connectThroughRelay(port, depth);
    const layer = await socket.startTLS(clientOptions(depth));
    expect(layer.getProtocol()).toBe(protocol);
    const inbox = new Inbox(socket);
    socket.write('said to GnuTLS\n');
    expect(await inbox.text(15)).toBe('said to GnuTLS\n');
  });
});

describeWith('gnutls-cli', 'GnuTLS as client', () => {
  test.each(CASES)('starts layer %i with %s', async (depth, protocol) => {
    const { authority, servername } = identityOf(depth);
    const { ca } = writeFiles({ ca: authority.cert });
    const waiting = await listenBehindRelay(depth);
    const program = new Program('gnutls-cli', [
      ...['--x509cafile', ca, '--port', String(waiting.port)],
      ...['--sni-hostname', servername, '--verify-hostname', servername],
      ...['--priority', PRIORITIES[protocol], '127.0.0.1'],
    ]);
    const socket = await waiting.socket;
    const layer = await socket.startTLS(serverOptions(depth));
    expect(layer.getProtocol()).toBe(protocol);
    expect(layer.servername).toBe(servername);
    const inbox = new Inbox(socket);
    await program.until('Simple Client Mode');
    program.write('said by GnuTLS\n');
    expect(await inbox.text(15)).toBe('said by GnuTLS\n');
    socket.end('said to GnuTLS\n');
    await program.until('said to GnuTLS');
    expect(await program.exit()).toBe(0);
  });
});
