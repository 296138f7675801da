// The same for programs that are compiled to CommonJS, and for the entry that stands in for node:tls.
import onion = require('onion-tls');
import tls = require('onion-tls/tls');

const context: onion.SecureContext = onion.createSecureContext({ minVersion: 'TLSv1.3' });
const connect: typeof tls.connect = tls.connect;
if (context === undefined || typeof connect !== 'function') throw new Error('a name is missing');
require('./echo.cjs');
