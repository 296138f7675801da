/**
 * `node --require in-place-of-tls.cjs program.cjs`: every `require('tls')` of the program and of the packages that it uses
 * gets onion-tls/tls. Only the drop-in itself still gets Node's.
 */
const Module = require('node:module');
const { dirname, resolve } = require('node:path');

const entry = resolve(__dirname, '../../../dist/node-tls/index.js');
const dropIn = require(entry);
const own = dirname(dirname(entry));
const load = Module._load;

Module._load = function loadOrReplace(request, parent, isMain) {
  const isTls = request === 'tls' || request === 'node:tls';
  if (isTls && !parent?.filename?.startsWith(own)) return dropIn;
  return load.call(this, request, parent, isMain);
};
