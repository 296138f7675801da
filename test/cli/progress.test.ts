import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { ProgressBar } from '../../src/cli/progress';

/** A terminal, or not, with what was written to it. */
function stream(isTTY: boolean): { terminal: WriteStream; written: () => string } {
  const terminal = Object.assign(new PassThrough(), { isTTY }) as unknown as WriteStream;
  return { terminal, written: () => String(terminal.read() ?? '') };
}

describe('ProgressBar', () => {
  test('draws on a terminal how much is done, in one line', () => {
    const { terminal, written } = stream(true);
    new ProgressBar(terminal).update('depth 3', 25, 100);

    expect(written()).toBe(`\r\x1b[Kdepth 3 ${'█'.repeat(7)}${'░'.repeat(21)}  25%`);
  });

  test('draws at most every tenth of a second', () => {
    const { terminal, written } = stream(true);
    const bar = new ProgressBar(terminal);
    const clock = jest.spyOn(performance, 'now');
    for (let ms = 1000; ms < 2000; ms += 1) {
      clock.mockReturnValue(ms);
      bar.update('', ms, 2000);
    }
    clock.mockRestore();

    expect(written().split('\r')).toHaveLength(1 + 10);
  });

  test('takes itself away', () => {
    const { terminal, written } = stream(true);
    const bar = new ProgressBar(terminal);
    bar.update('', 1, 2);
    written();
    bar.clear();

    expect(written()).toBe('\r\x1b[K');
    bar.clear();
    expect(written()).toBe('');
  });

  test('is silent when nobody looks', () => {
    const { terminal, written } = stream(false);
    const bar = new ProgressBar(terminal);
    bar.update('', 1, 2);
    bar.clear();

    expect(written()).toBe('');
  });
});
