import { join } from 'node:path';
import { describeWith, Program, python } from '../support/programs';
import { testUpAndDown } from '../support/scripted-peer';

describeWith(python, "Python's ssl.MemoryBIO", () => {
  testUpAndDown((port) => new Program(python, [join(__dirname, 'peer.py'), String(port)]), 3);
});
