import { describeError } from '../../src/cli/describe-error';

const withDetails = (message: string, details: object) =>
  Object.assign(new Error(message), details);

describe('describeError', () => {
  test.each([
    [
      withDetails('wrong version number', { code: 'ERR_SSL_WRONG_VERSION_NUMBER', layer: 2 }),
      ['layer 2: ERR_SSL_WRONG_VERSION_NUMBER: wrong version number'],
    ],
    [
      withDetails('connect ECONNREFUSED 127.0.0.1:1', { code: 'ECONNREFUSED' }),
      ['connect ECONNREFUSED 127.0.0.1:1'],
    ],
    [new Error('first line\n  second line\n'), ['first line; second line']],
    [new AggregateError([new Error('one'), new Error('two')]), ['one', 'two']],
    ['a string', ['a string']],
    [new TypeError(''), ['TypeError']],
  ])('%s', (error, lines) => {
    expect(describeError(error)).toEqual(lines);
  });
});
