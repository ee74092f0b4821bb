import { join } from 'node:path';

/** A Ceph of one monitor, one store in memory (1 GB) and one gateway, for one machine and one test run. */
export function cephConfiguration({ folder, id, monitorPort, gatewayPort }) {
  return `[global]
fsid = ${id}
mon initial members = a
mon host = [v1:127.0.0.1:${monitorPort}]
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
mon allow pool size one = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
# We place the store ourselves: at its own start it asks the monitor to, sometimes before it knows the cluster's id, and
# then it dies of "wrong fsid".
osd crush update on start = false
osd class update on start = false
osd objectstore = memstore
memstore device bytes = 1073741824
# The store takes the first free ports of this range.
ms bind port min = 26800
ms bind port max = 27800
# Sockets have short paths or none.
admin socket =
run dir = ${join(folder, 'run')}
pid file = ${join(folder, 'run')}/$name.pid
log file = ${join(folder, 'log')}/$name.log
mon data = ${join(folder, 'mon')}
osd data = ${join(folder, 'osd')}

[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw dns name = localhost
rgw data = ${join(folder, 'rgw')}
`;
}
