#!/bin/bash
# Process 1 of the user-mode kernel: a server for NFSv4.2 and two clients of it, then the job. The kernel's command line
# hands over NFSLAB (the scratch folder), NFSLAB_ROOT (the unpacked packages), NFSLAB_NODE and NFSLAB_JOB. The root file
# system is the host's, so this script writes only to memory file systems that are mounted over it.
export PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/run
R=$NFSLAB_ROOT
off() { sync; echo o > /proc/sysrq-trigger; sleep 5; }
mount -t proc proc /proc
mount -t sysfs sys /sys
exec > "$NFSLAB/boot.log" 2>&1
for folder in /run /mnt /var/lib; do mount -t tmpfs tmpfs $folder; done
mkdir -p /run/bin /run/modules/lib/modules /run/rpcbind /mnt/{server,one,two}
mkdir -p /var/lib/nfs/rpc_pipefs /var/lib/nfs/v4recovery
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
ln -s "$R/bin/kmod" /run/bin/modprobe
for folder in "$R"/lib/*-linux-gnu "$R"/usr/lib/*-linux-gnu; do
  LD_LIBRARY_PATH=$LD_LIBRARY_PATH${LD_LIBRARY_PATH:+:}$folder
done
served() { LD_LIBRARY_PATH=$LD_LIBRARY_PATH "$@"; }
ip link set lo up
ln -s "$R"/usr/lib/uml/modules/"$(uname -r)" /run/modules/lib/modules/
for module in sunrpc grace lockd nfs_acl auth_rpcgss nfs nfsv3 nfsv4 nfsd; do
  served modprobe -d /run/modules $module
done
mount -t nfsd nfsd /proc/fs/nfsd
# The shortest time that the kernel accepts, since a case waits for a lease to end.
echo 10 > /proc/fs/nfsd/nfsv4leasetime
echo 10 > /proc/fs/nfsd/nfsv4gracetime
mount -t rpc_pipefs rpc /var/lib/nfs/rpc_pipefs
mount -t ext4 /dev/ubda /mnt/server
served "$R/usr/sbin/rpc.mountd" -V 4 -N 2 -N 3 --foreground &
served "$R/usr/sbin/exportfs" -i -o rw,sync,no_root_squash,no_subtree_check,fsid=0,insecure '*:/mnt/server'
served "$R/usr/sbin/rpc.nfsd" -N 3 -V 4 -U 4
# For the server, two minor versions are two clients, like two machines. (Two mounts with the same version share their
# state: under a delegation the client then takes locks of the other mount for its own.)
for client in one:4.2 two:4.1; do
  for try in 1 2 3 4 5 6 7 8 9 10; do
    served "$R/sbin/mount.nfs4" 127.0.0.1:/ /mnt/${client%:*} -o vers=${client#*:},nosharecache && break
    sleep 1
  done
done
grep nfs4 /proc/mounts
unset LD_LIBRARY_PATH
"$NFSLAB_NODE" "$NFSLAB_JOB" /mnt/server /mnt/one /mnt/two "${NFSLAB_ONLY:-}" \
  > "$NFSLAB/job.out" 2> "$NFSLAB/job.err" < /dev/null
echo "ended $?" > "$NFSLAB/ended"
off
