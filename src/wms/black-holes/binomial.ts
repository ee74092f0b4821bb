/** The probability of `k` or more events in `n` trials, each with probability `p`. Exact sum, in logarithms. */
export function binomialTail(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (k > n || p <= 0) return 0;
  if (p >= 1) return 1;
  const odds = Math.log(p) - Math.log1p(-p);
  let term = n * Math.log1p(-p);
  for (let i = 1; i <= k; i += 1) term += Math.log((n - i + 1) / i) + odds;
  let sum = 0;
  const first = term;
  for (let i = k; i <= n; i += 1) {
    const share = Math.exp(term - first);
    sum += share;
    // Behind the peak terms only shrink; what follows cannot be seen in the sum.
    if (share < sum * 1e-12 && i > n * p) break;
    term += Math.log((n - i) / (i + 1)) + odds;
  }
  return Math.min(1, Math.exp(first + Math.log(sum)));
}
