/** What the project wants of one server on two CPUs with the load generator included, without HTTPS: units per second. */
export const goals = { claim: 1_500, status: 4_000, heartbeat: 8_000, submitSingle: 2_500, submitBulk: 10_000 };
