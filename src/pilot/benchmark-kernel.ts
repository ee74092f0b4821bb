/** Bytes of WebAssembly's binary format (core specification 1.0, chapter 5), written by hand so that no tool is needed. */
const i32 = 0x7f;
const f64 = 0x7c;

const section = (id: number, ...bytes: number[]): number[] => [id, ...unsigned(bytes.length), ...bytes];

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const last = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return last ? [low] : [low | 0x80, ...signed(rest)];
}

const double = (value: number): number[] => [...new Uint8Array(new Float64Array([value]).buffer)];
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const integer = (value: number): number[] => [0x41, ...signed(value)];
const real = (value: number): number[] => [0x44, ...double(value)];

// Locals: 0 rounds (i32, the argument), 1 seed (i32), 2 sum (f64), 3 value (f64).
const body = [
  [0x03, 0x40], // loop
  // seed = seed * 1664525 + 1013904223, a linear congruential generator
  [...get(1), ...integer(1664525), 0x6c, ...integer(1013904223), 0x6a, ...set(1)],
  // value = (seed >>> 8) / 2^24
  [...get(1), ...integer(8), 0x76, 0xb8, ...real(2 ** -24), 0xa2, ...set(3)],
  // sum = sqrt(sum * sum * 0.5 + value * value) + value / (1 + sum)
  [...get(2), ...get(2), 0xa2, ...real(0.5), 0xa2, ...get(3), ...get(3), 0xa2, 0xa0, 0x9f],
  [...get(3), ...real(1), ...get(2), 0xa0, 0xa3, 0xa0, ...set(2)],
  // rounds -= 1; again unless it is 0
  [...get(0), ...integer(1), 0x6b, 0x22, 0, 0x0d, 0, 0x0b],
  [...get(2), 0x0b],
].flat();
const locals = [3, 1, i32, 1, f64, 1, f64];
const code = [...locals, ...body];

/** A module that exports `run(rounds: i32): f64`: a fixed chain of integer and floating point steps that cannot be shortened. */
export const kernel = Uint8Array.from(
  [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    section(1, 1, 0x60, 1, i32, 1, f64),
    section(3, 1, 0),
    section(7, 1, 3, ...Buffer.from('run'), 0, 0),
    section(10, 1, ...unsigned(code.length), ...code),
  ].flat(),
);

interface Wasm {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
}

/** Loads the kernel. */
export function loadKernel(): (rounds: number) => number {
  // The types of this project know no WebAssembly, which Node has as a global.
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;
  return new Instance(new Module(kernel), {}).exports['run'] as (rounds: number) => number;
}
