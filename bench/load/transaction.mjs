/** Runs statements as one transaction. */
export async function inTransaction(connection, body) {
  await connection.query('BEGIN');
  const value = await body();
  await connection.query('COMMIT');
  return value;
}
