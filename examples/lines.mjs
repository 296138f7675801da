// Reads a line from a stream and leaves every byte after it where it is, so that a layer of TLS
// can start right behind the line.
export function readLine(socket) {
  return new Promise((resolve, reject) => {
    let line = '';
    const onReadable = () => {
      for (let byte = socket.read(1); byte !== null; byte = socket.read(1)) {
        line += byte;
        if (line.endsWith('\r\n')) return finish(() => resolve(line.slice(0, -2)));
        if (line.length > 512) return finish(() => reject(new Error('the line is too long')));
      }
    };
    const onEnd = () => finish(() => resolve(null));
    const onClose = () => finish(() => reject(new Error('the connection was closed')));
    const finish = (settle) => {
      socket.off('readable', onReadable).off('end', onEnd).off('close', onClose);
      settle();
    };
    socket.on('readable', onReadable).on('end', onEnd).on('close', onClose);
    onReadable();
  });
}
