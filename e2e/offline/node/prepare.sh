# Runs once inside the node image, with VERSION (which kind reads to write kubeadm's configuration) and PAUSE.

chmod -R a+rx /kind/bin /usr/local/bin

# kind's entrypoint prepares the machine; systemd is to start containerd and the kubelet only.
for unit in $(cd /lib/systemd/system && ls *.timer *.mount) getty@tty1.service systemd-tmpfiles-setup.service \
  systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
  systemd-networkd.service systemd-timesyncd.service systemd-binfmt.service e2scrub_reap.service; do
  systemctl mask "$unit" || true
done
systemctl set-default multi-user.target
echo ReadKMsg=no >> /etc/systemd/journald.conf

# Without CAP_SYS_RESOURCE limits cannot be raised and scores cannot be lowered.
sed -i -e '/^OOMScoreAdjust=/d' -e '/^Limit/d' -e '/^TasksMax=/d' /etc/systemd/system/containerd.service
sed -i -e 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' \
  -e "s#registry.k8s.io/pause:[^\"]*#$PAUSE#" /etc/containerd/config.toml
ctr oci spec | jq '.hooks.createContainer += [{path: "/kind/bin/mount-product-files.sh"}]
  | del(.process.rlimits) | .process.capabilities[] -= ["CAP_SYS_RESOURCE"]' > /etc/containerd/cri-base.json

mkdir -p /etc/kubernetes/manifests /opt/cni/bin /kind/manifests
cp /usr/lib/cni/* /opt/cni/bin/
for name in kubelet kubeadm kubectl; do ln -sf kube /usr/bin/$name; done
ln -sf /lib/systemd/systemd /sbin/init
systemctl enable kubelet.service containerd.service undo-mount-hacks.service
printf '%s' "$VERSION" > /kind/version
