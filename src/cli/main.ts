#!/usr/bin/env node
import { dispatch } from './dispatch';

// `onion-tls … | head` closes our stdout: nobody is left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(1);
});

void dispatch(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
