import { Inbox, rejectionOf, turns, watch } from '../support/events';
import { clientOptions, levelsTo, serverOptions } from '../support/identities';
import { goTo, pipePair } from '../support/pairs';

describe('bounds', () => {
  test('maxDepth refuses one layer more, and the connection lives on', async () => {
    const socket = { maxDepth: 2 };
    const pair = await goTo(pipePair({ clientSocket: socket }), 2);
    const error = await rejectionOf(pair.client.startTLS(clientOptions(3)));
    expect(error).toMatchObject({ name: 'LimitError', code: 'ERR_ONION_LIMIT', layer: 3 });
    const inbox = new Inbox(pair.server);
    pair.client.write('alive');
    expect(await inbox.text(5)).toBe('alive');
  });

  test('maxDepth has a default', async () => {
    const pair = pipePair();
    const started = levelsTo(40).map((level) => pair.client.startTLS(clientOptions(level)));
    pair.client.on('error', () => {});
    const settled = Promise.allSettled(started);
    pair.client.destroy();
    const errors = (await settled).map((each) => each.status === 'rejected' && each.reason.name);
    expect(errors).toContain('LimitError');
  });

  test('maxHandshakeBytes ends a handshake that is too long', async () => {
    const pair = pipePair();
    const ending = watch(pair.server);
    const started = pair.server.startTLS(serverOptions(1, { maxHandshakeBytes: 2048 }));
    // A ClientHello that announces 16 MB of itself and never ends.
    const fragment = Buffer.concat([Buffer.from('1603014000', 'hex'), Buffer.alloc(0x4000)]);
    fragment.set(Buffer.from('01ffffff0303', 'hex'), 5);
    pair.pipe.up.inject(fragment);
    const error = await rejectionOf(started);
    expect(error).toMatchObject({ layer: 1 });
    await ending.closed;
    expect(ending.errors).toEqual([error]);
  });

  test('maxHandshakeBytes of 1024 refuses a certificate chain that is longer', async () => {
    const pair = await goTo(pipePair(), 1);
    pair.client.on('error', () => {});
    pair.server.on('error', () => {});
    pair.server.startTLS(serverOptions(3));
    const long = Array.from({ length: 40 }, (_, index) => `protocol-${index}-of-many`);
    pair.client.startTLS(clientOptions(3, { ALPNProtocols: long }));
    const other = pipePair();
    other.server.on('error', () => {});
    other.client.on('error', () => {});
    const refused = other.server.startTLS(serverOptions(3, { maxHandshakeBytes: 1024 }));
    other.client.startTLS(clientOptions(3, { ALPNProtocols: long }));
    const error = await rejectionOf(refused);
    expect(error).toMatchObject({ name: 'LimitError', code: 'ERR_ONION_LIMIT', layer: 1 });
  });

  test('handshakeTimeout ends a handshake that does not go on', async () => {
    const pair = await goTo(pipePair(), 1);
    const ending = watch(pair.client);
    const error = await rejectionOf(
      pair.client.startTLS(clientOptions(2, { handshakeTimeout: 20 })),
    );
    expect(error).toMatchObject({
      name: 'TLSTimeoutError',
      code: 'ERR_TLS_HANDSHAKE_TIMEOUT',
      layer: 2,
    });
    await ending.closed;
    expect(ending.errors).toEqual([error]);
  });

  test('a flood of key updates ends the connection', async () => {
    const pair = await goTo(pipePair({ shape: 'glued' }), 1);
    const ending = watch(pair.server);
    pair.server.resume();
    for (let count = 0; count < 100_000 && !pair.server.destroyed; count++) {
      if (pair.client.destroyed) break;
      pair.client.layers[0]?.keyUpdate();
      if (count % 100 === 0) await turns(2);
    }
    await ending.closed;
    expect(ending.errors[0]).toMatchObject({
      name: 'LimitError',
      code: 'ERR_ONION_LIMIT',
      layer: 1,
    });
  });

  test('answers to key updates that we ask for are no flood', async () => {
    const pair = await goTo(pipePair({ shape: 'glued' }), 1);
    const inbox = new Inbox(pair.server);
    pair.client.resume();
    // Nothing but the answers comes back.
    for (let count = 0; count < 8000; count++) {
      pair.client.layers[0]?.keyUpdate(true);
      pair.client.write('x');
      if (count % 100 === 0) await turns(2);
    }
    expect((await inbox.bytes(8000)).length).toBe(8000);
    expect(pair.client.destroyed).toBe(false);
  });

  test('key updates with data between them go on for ever', async () => {
    const pair = await goTo(pipePair({ shape: 'glued' }), 1);
    const inbox = new Inbox(pair.server);
    for (let count = 0; count < 2000; count++) {
      pair.client.layers[0]?.keyUpdate();
      pair.client.write('data');
      if (count % 50 === 0) await turns(2);
    }
    expect((await inbox.bytes(8000)).length).toBe(8000);
  });
});
