/**
 * Classes that can be called as the functions of old-style inheritance, as those of `node:tls` can:
 * `function Mine(options) { tls.Server.call(this, options) }`.
 */
type Constructor = new (...values: never[]) => object;

/** The object that the constructor at work is to make a member of its class. */
let adoptee: object | null = null;

/**
 * A base for a class that is `callable`. In the place of a new object its constructor returns the one that was called on:
 * the fields of the classes above it are then made on that.
 *
 * @param Base - a constructor of Node's that is a plain function
 */
export function adopting<T extends Constructor>(Base: T): T {
  function Adopting(this: object, ...values: unknown[]): object {
    const self = adoptee ?? this;
    adoptee = null;
    Reflect.apply(Base, self, values);
    return self;
  }
  Object.setPrototypeOf(Adopting, Base);
  Adopting.prototype = Base.prototype;
  return Adopting as unknown as T;
}

/** Without `new` it makes an object too; called on an object of a class below it, that one. */
export function callable<T extends Constructor>(Class: T): T {
  return new Proxy(Class, {
    apply(target, self: unknown, values) {
      if (!(self instanceof target)) return Reflect.construct(target, values);
      adoptee = self;
      try {
        return Reflect.construct(target, values);
      } finally {
        adoptee = null;
      }
    },
  });
}
