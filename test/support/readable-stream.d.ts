/** It has the interface of Node's streams, less what is newer than the package. */
declare module 'readable-stream' {
  export { Duplex } from 'node:stream';
}
