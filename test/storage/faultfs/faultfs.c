// A pass-through file system whose faults are switched by a control file: what network and user-space file systems do
// and a local disk does not. `faultfs BACKING MOUNT CONTROL LOG [kernel-locks]` stays in the foreground and prints
// "ready" once it serves. It lives as long as its standard input is open: at its end it unmounts, so no mount outlives
// a test.
//
// The control file has one rule a line, and is to be replaced by rename:
//
//     OPERATION PATTERN ACTION...     close *.index.intent-* error=ENOSPC
//
// PATTERN is a glob (fnmatch, with @(a|b)) for the last component of a path ("." is the root of the mount). The first
// rule that fits is taken. Actions: error=ERRNO (a number), after (do it, then say the error), drop (write: say yes,
// keep nothing), short=N (write: at most N bytes), zero (statfs: no blocks), nfs4 (flock: an exclusive lock needs a
// descriptor open for writing), delay=MS, skip=N (let the first N pass), count=N (only N times). OPERATION `option` is
// no call but a switch, its PATTERN unused: cache=SECONDS (attributes and names), direct (no page cache). Every call
// that a rule hits is a line of LOG: "OPERATION NAME".
//
// On the low-level interface of libfuse: a file is its inode there, so one that is unlinked while open works as it
// should.
#define FUSE_USE_VERSION 34
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fuse3/fuse_lowlevel.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { kMaxRules = 32, kNameBytes = 300 };

struct rule {
  char operation[16];
  char pattern[kNameBytes];
  int error;
  bool after, drop, zero, nfs4, direct;
  long short_bytes, delay_ms, skip, count, cache_seconds;  // -1: not given
  long seen;
};

struct node {
  int fd;  // O_PATH
  dev_t device;
  ino_t inode;
  uint64_t lookups;
  char name[kNameBytes];  // under which it was met last
  struct node *next;
};

struct handle {
  int fd;
  bool writable;
  DIR *stream;
  struct node *node;
};

static struct node root = {.fd = -1, .name = "."};
static struct node *nodes;
static pthread_mutex_t nodes_mutex = PTHREAD_MUTEX_INITIALIZER;

static const char *control_path;
static int log_file = -1;
static struct rule rules[kMaxRules];
static int rule_count;
static struct stat rules_from;
static pthread_mutex_t rules_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct fuse_session *session;

// ---- rules

static void parse_action(struct rule *rule, const char *word) {
  if (!strncmp(word, "error=", 6)) rule->error = atoi(word + 6);
  if (!strncmp(word, "short=", 6)) rule->short_bytes = atol(word + 6);
  if (!strncmp(word, "delay=", 6)) rule->delay_ms = atol(word + 6);
  if (!strncmp(word, "skip=", 5)) rule->skip = atol(word + 5);
  if (!strncmp(word, "count=", 6)) rule->count = atol(word + 6);
  if (!strncmp(word, "cache=", 6)) rule->cache_seconds = atol(word + 6);
  if (!strcmp(word, "after")) rule->after = true;
  if (!strcmp(word, "drop")) rule->drop = true;
  if (!strcmp(word, "zero")) rule->zero = true;
  if (!strcmp(word, "nfs4")) rule->nfs4 = true;
  if (!strcmp(word, "direct")) rule->direct = true;
}

// Under the mutex. The control file is another file after each change, so its identity and time say enough.
static void refresh_rules(void) {
  struct stat now;
  if (stat(control_path, &now) < 0) {
    rule_count = 0;
    memset(&rules_from, 0, sizeof rules_from);
    return;
  }
  if (now.st_ino == rules_from.st_ino && now.st_mtim.tv_sec == rules_from.st_mtim.tv_sec &&
      now.st_mtim.tv_nsec == rules_from.st_mtim.tv_nsec)
    return;
  FILE *file = fopen(control_path, "re");
  if (!file) return;
  rules_from = now;
  rule_count = 0;
  char line[1024];
  while (rule_count < kMaxRules && fgets(line, sizeof line, file)) {
    char *rest = NULL;
    char *operation = strtok_r(line, " \n", &rest);
    char *pattern = strtok_r(NULL, " \n", &rest);
    if (!operation || !pattern) continue;
    struct rule *rule = &rules[rule_count++];
    memset(rule, 0, sizeof *rule);
    rule->short_bytes = rule->delay_ms = rule->count = rule->cache_seconds = -1;
    snprintf(rule->operation, sizeof rule->operation, "%s", operation);
    snprintf(rule->pattern, sizeof rule->pattern, "%s", pattern);
    for (char *word; (word = strtok_r(NULL, " \n", &rest)) != NULL;) parse_action(rule, word);
  }
  fclose(file);
}

// The rule for this call, after its delay; a rule without any action where there is none.
static struct rule rule_for(const char *operation, const char *name) {
  struct rule found = {.short_bytes = -1, .cache_seconds = -1};
  pthread_mutex_lock(&rules_mutex);
  refresh_rules();
  const bool option = !strcmp(operation, "option");
  for (int i = 0; i < rule_count; i++) {
    struct rule *rule = &rules[i];
    if (strcmp(rule->operation, operation) || (!option && fnmatch(rule->pattern, name, FNM_EXTMATCH))) continue;
    const long seen = rule->seen++;
    if (seen < rule->skip || (rule->count >= 0 && seen >= rule->skip + rule->count)) continue;
    found = *rule;
    if (!option && log_file >= 0) dprintf(log_file, "%s %s\n", operation, name);
    break;
  }
  pthread_mutex_unlock(&rules_mutex);
  if (found.delay_ms > 0) usleep((useconds_t)found.delay_ms * 1000);
  return found;
}

// True if the call was answered with the rule's error, before anything was done.
static bool refused(fuse_req_t request, const struct rule *rule) {
  if (rule->error == 0 || rule->after || rule->nfs4) return false;
  fuse_reply_err(request, rule->error);
  return true;
}

// Ends a call that was made: `result` < 0 is its own failure.
static void finish(fuse_req_t request, const struct rule *rule, int result) {
  fuse_reply_err(request, result < 0 ? errno : rule->after ? rule->error : 0);
}

// ---- nodes

static struct node *node_of(fuse_ino_t id) { return id == FUSE_ROOT_ID ? &root : (struct node *)id; }

static void path_of(int fd, char *path, size_t size) { snprintf(path, size, "/proc/self/fd/%d", fd); }

static void set_name(struct node *node, const char *name) { snprintf(node->name, sizeof node->name, "%s", name); }

static double cache_seconds(void) {
  const struct rule option = rule_for("option", "");
  return option.cache_seconds > 0 ? (double)option.cache_seconds : 0;
}

// 0, or an errno.
static int look_up(struct node *parent, const char *name, struct fuse_entry_param *entry) {
  memset(entry, 0, sizeof *entry);
  const int fd = openat(parent->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return errno;
  if (fstatat(fd, "", &entry->attr, AT_EMPTY_PATH) < 0) {
    const int error = errno;
    close(fd);
    return error;
  }
  entry->attr_timeout = entry->entry_timeout = cache_seconds();
  pthread_mutex_lock(&nodes_mutex);
  struct node *node = nodes;
  while (node && (node->inode != entry->attr.st_ino || node->device != entry->attr.st_dev)) node = node->next;
  if (node) {
    close(fd);
  } else {
    node = calloc(1, sizeof *node);
    if (!node) abort();
    *node = (struct node){
        .fd = fd, .device = entry->attr.st_dev, .inode = entry->attr.st_ino, .next = nodes};
    nodes = node;
  }
  node->lookups++;
  set_name(node, name);
  entry->ino = (fuse_ino_t)node;
  pthread_mutex_unlock(&nodes_mutex);
  return 0;
}

static void forget_node(fuse_ino_t id, uint64_t times) {
  if (id == FUSE_ROOT_ID) return;
  struct node *node = node_of(id);
  pthread_mutex_lock(&nodes_mutex);
  node->lookups -= times;
  if (node->lookups == 0) {
    struct node **at = &nodes;
    while (*at != node) at = &(*at)->next;
    *at = node->next;
    close(node->fd);
    free(node);
  }
  pthread_mutex_unlock(&nodes_mutex);
}

static void reply_entry(fuse_req_t request, fuse_ino_t parent, const char *name) {
  struct fuse_entry_param entry;
  const int error = look_up(node_of(parent), name, &entry);
  if (error) fuse_reply_err(request, error);
  else fuse_reply_entry(request, &entry);
}

static struct handle *handle_of(struct fuse_file_info *info) { return (struct handle *)(uintptr_t)info->fh; }

static struct handle *new_handle(int fd, struct node *node, int flags) {
  struct handle *handle = calloc(1, sizeof *handle);
  if (!handle) abort();
  *handle = (struct handle){.fd = fd, .writable = (flags & O_ACCMODE) != O_RDONLY, .node = node};
  return handle;
}

// ---- names

static void do_lookup(fuse_req_t request, fuse_ino_t parent, const char *name) {
  const struct rule rule = rule_for("lookup", name);
  if (!refused(request, &rule)) reply_entry(request, parent, name);
}

static void do_forget(fuse_req_t request, fuse_ino_t id, uint64_t times) {
  forget_node(id, times);
  fuse_reply_none(request);
}

static void do_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets) {
  for (size_t i = 0; i < count; i++) forget_node(forgets[i].ino, forgets[i].nlookup);
  fuse_reply_none(request);
}

static void do_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode) {
  const struct rule rule = rule_for("mkdir", name);
  if (refused(request, &rule)) return;
  if (mkdirat(node_of(parent)->fd, name, mode) < 0) fuse_reply_err(request, errno);
  else reply_entry(request, parent, name);
}

static void do_rmdir(fuse_req_t request, fuse_ino_t parent, const char *name) {
  const struct rule rule = rule_for("rmdir", name);
  if (!refused(request, &rule)) finish(request, &rule, unlinkat(node_of(parent)->fd, name, AT_REMOVEDIR));
}

static void do_unlink(fuse_req_t request, fuse_ino_t parent, const char *name) {
  const struct rule rule = rule_for("unlink", name);
  if (!refused(request, &rule)) finish(request, &rule, unlinkat(node_of(parent)->fd, name, 0));
}

static void do_rename(fuse_req_t request, fuse_ino_t parent, const char *name, fuse_ino_t to_parent, const char *to,
                      unsigned flags) {
  const struct rule rule = rule_for("rename", name);
  if (refused(request, &rule)) return;
  finish(request, &rule, renameat2(node_of(parent)->fd, name, node_of(to_parent)->fd, to, flags));
}

static void do_symlink(fuse_req_t request, const char *target, fuse_ino_t parent, const char *name) {
  if (symlinkat(target, node_of(parent)->fd, name) < 0) fuse_reply_err(request, errno);
  else reply_entry(request, parent, name);
}

static void do_readlink(fuse_req_t request, fuse_ino_t id) {
  char target[PATH_MAX];
  const ssize_t length = readlinkat(node_of(id)->fd, "", target, sizeof target - 1);
  if (length < 0) {
    fuse_reply_err(request, errno);
    return;
  }
  target[length] = 0;
  fuse_reply_readlink(request, target);
}

static void do_link(fuse_req_t request, fuse_ino_t id, fuse_ino_t parent, const char *name) {
  char path[64];
  path_of(node_of(id)->fd, path, sizeof path);
  if (linkat(AT_FDCWD, path, node_of(parent)->fd, name, AT_SYMLINK_FOLLOW) < 0) fuse_reply_err(request, errno);
  else reply_entry(request, parent, name);
}

// ---- attributes

static void reply_attributes(fuse_req_t request, fuse_ino_t id) {
  struct stat attributes;
  if (fstatat(node_of(id)->fd, "", &attributes, AT_EMPTY_PATH) < 0) fuse_reply_err(request, errno);
  else fuse_reply_attr(request, &attributes, cache_seconds());
}

static void do_getattr(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info) {
  (void)info;
  const struct rule rule = rule_for("getattr", node_of(id)->name);
  if (!refused(request, &rule)) reply_attributes(request, id);
}

static struct timespec time_to_set(int given, int now, struct timespec value) {
  return given ? (now ? (struct timespec){.tv_nsec = UTIME_NOW} : value) : (struct timespec){.tv_nsec = UTIME_OMIT};
}

static void do_setattr(fuse_req_t request, fuse_ino_t id, struct stat *wanted, int which, struct fuse_file_info *info) {
  struct node *node = node_of(id);
  char path[64];
  path_of(node->fd, path, sizeof path);
  int result = 0;
  if (which & FUSE_SET_ATTR_MODE) {
    const struct rule rule = rule_for("chmod", node->name);
    if (refused(request, &rule)) return;
    result = chmod(path, wanted->st_mode);
  }
  if (result == 0 && (which & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))) {
    const uid_t user = which & FUSE_SET_ATTR_UID ? wanted->st_uid : (uid_t)-1;
    const gid_t group = which & FUSE_SET_ATTR_GID ? wanted->st_gid : (gid_t)-1;
    result = fchownat(node->fd, "", user, group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  }
  if (result == 0 && (which & FUSE_SET_ATTR_SIZE)) {
    const struct rule rule = rule_for("truncate", node->name);
    if (refused(request, &rule)) return;
    result = info ? ftruncate(handle_of(info)->fd, wanted->st_size) : truncate(path, wanted->st_size);
  }
  if (result == 0 && (which & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME))) {
    const struct timespec times[2] = {
        time_to_set(which & FUSE_SET_ATTR_ATIME, which & FUSE_SET_ATTR_ATIME_NOW, wanted->st_atim),
        time_to_set(which & FUSE_SET_ATTR_MTIME, which & FUSE_SET_ATTR_MTIME_NOW, wanted->st_mtim)};
    result = utimensat(AT_FDCWD, path, times, 0);
  }
  if (result < 0) fuse_reply_err(request, errno);
  else reply_attributes(request, id);
}

static void do_statfs(fuse_req_t request, fuse_ino_t id) {
  const struct rule rule = rule_for("statfs", node_of(id)->name);
  if (refused(request, &rule)) return;
  struct statvfs result;
  if (fstatvfs(root.fd, &result) < 0) {
    fuse_reply_err(request, errno);
    return;
  }
  if (rule.zero) result.f_blocks = result.f_bfree = result.f_bavail = result.f_files = result.f_ffree = 0;
  fuse_reply_statfs(request, &result);
}

// ---- files

static void set_cache(struct fuse_file_info *info) { info->direct_io = rule_for("option", "").direct; }

static void do_open(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info) {
  struct node *node = node_of(id);
  const struct rule rule = rule_for("open", node->name);
  if (refused(request, &rule)) return;
  char path[64];
  path_of(node->fd, path, sizeof path);
  const int fd = open(path, (info->flags & ~O_NOFOLLOW) | O_CLOEXEC);
  if (fd < 0) {
    fuse_reply_err(request, errno);
    return;
  }
  info->fh = (uintptr_t)new_handle(fd, node, info->flags);
  set_cache(info);
  fuse_reply_open(request, info);
}

static void do_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
                      struct fuse_file_info *info) {
  const struct rule rule = rule_for("create", name);
  if (refused(request, &rule)) return;
  const int fd = openat(node_of(parent)->fd, name, info->flags | O_CREAT | O_CLOEXEC, mode);
  if (fd < 0) {
    fuse_reply_err(request, errno);
    return;
  }
  struct fuse_entry_param entry;
  const int error = look_up(node_of(parent), name, &entry);
  if (error) {
    close(fd);
    fuse_reply_err(request, error);
    return;
  }
  info->fh = (uintptr_t)new_handle(fd, node_of(entry.ino), info->flags);
  set_cache(info);
  fuse_reply_create(request, &entry, info);
}

static void do_read(fuse_req_t request, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *info) {
  const struct rule rule = rule_for("read", node_of(id)->name);
  if (refused(request, &rule)) return;
  char *bytes = malloc(size);
  if (!bytes) abort();
  const ssize_t got = pread(handle_of(info)->fd, bytes, size, offset);
  if (got < 0) fuse_reply_err(request, errno);
  else fuse_reply_buf(request, bytes, (size_t)got);
  free(bytes);
}

static void do_write(fuse_req_t request, fuse_ino_t id, const char *bytes, size_t size, off_t offset,
                     struct fuse_file_info *info) {
  const struct rule rule = rule_for("write", node_of(id)->name);
  if (refused(request, &rule)) return;
  if (rule.drop) {
    fuse_reply_write(request, size);
    return;
  }
  if (rule.short_bytes >= 0 && (size_t)rule.short_bytes < size) size = (size_t)rule.short_bytes;
  const ssize_t put = pwrite(handle_of(info)->fd, bytes, size, offset);
  if (put < 0) fuse_reply_err(request, errno);
  else fuse_reply_write(request, (size_t)put);
}

// Asked at each close of a descriptor. Only a descriptor that could have written has something to report.
static void do_flush(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info) {
  if (!handle_of(info)->writable) {
    fuse_reply_err(request, 0);
    return;
  }
  const struct rule rule = rule_for("close", node_of(id)->name);
  if (!refused(request, &rule)) fuse_reply_err(request, 0);
}

static void do_release(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info) {
  (void)id;
  close(handle_of(info)->fd);
  free(handle_of(info));
  fuse_reply_err(request, 0);
}

static void do_fsync(fuse_req_t request, fuse_ino_t id, int data_only, struct fuse_file_info *info) {
  const struct rule rule = rule_for(data_only ? "fdatasync" : "fsync", node_of(id)->name);
  if (refused(request, &rule)) return;
  finish(request, &rule, data_only ? fdatasync(handle_of(info)->fd) : fsync(handle_of(info)->fd));
}

static void do_fallocate(fuse_req_t request, fuse_ino_t id, int mode, off_t offset, off_t length,
                         struct fuse_file_info *info) {
  const struct rule rule = rule_for("fallocate", node_of(id)->name);
  if (!refused(request, &rule)) finish(request, &rule, fallocate(handle_of(info)->fd, mode, offset, length));
}

static void do_flock(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info, int operation) {
  const struct rule rule = rule_for("flock", node_of(id)->name);
  if (refused(request, &rule)) return;
  if (rule.nfs4 && (operation & LOCK_EX) && !handle_of(info)->writable) {
    fuse_reply_err(request, EBADF);
    return;
  }
  finish(request, &rule, flock(handle_of(info)->fd, operation));
}

// ---- directories

static void do_opendir(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info) {
  const struct rule rule = rule_for("opendir", node_of(id)->name);
  if (refused(request, &rule)) return;
  const int fd = openat(node_of(id)->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd < 0 ? NULL : fdopendir(fd);
  if (!stream) {
    fuse_reply_err(request, errno);
    return;
  }
  struct handle *handle = new_handle(fd, node_of(id), O_RDONLY);
  handle->stream = stream;
  info->fh = (uintptr_t)handle;
  fuse_reply_open(request, info);
}

static void do_readdir(fuse_req_t request, fuse_ino_t id, size_t size, off_t offset, struct fuse_file_info *info) {
  const struct rule rule = rule_for("readdir", node_of(id)->name);
  if (refused(request, &rule)) return;
  DIR *stream = handle_of(info)->stream;
  if (offset == 0) rewinddir(stream);
  else seekdir(stream, offset);
  char *buffer = malloc(size);
  if (!buffer) abort();
  size_t used = 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    const struct stat attributes = {.st_ino = entry->d_ino, .st_mode = (mode_t)entry->d_type << 12};
    const size_t needed =
        fuse_add_direntry(request, buffer + used, size - used, entry->d_name, &attributes, telldir(stream));
    if (needed > size - used) break;
    used += needed;
  }
  fuse_reply_buf(request, buffer, used);
  free(buffer);
}

static void do_releasedir(fuse_req_t request, fuse_ino_t id, struct fuse_file_info *info) {
  (void)id;
  closedir(handle_of(info)->stream);
  free(handle_of(info));
  fuse_reply_err(request, 0);
}

static void do_fsyncdir(fuse_req_t request, fuse_ino_t id, int data_only, struct fuse_file_info *info) {
  (void)data_only;
  const struct rule rule = rule_for("fsyncdir", node_of(id)->name);
  if (!refused(request, &rule)) finish(request, &rule, fsync(handle_of(info)->fd));
}

// ---- life

static void do_init(void *data, struct fuse_conn_info *connection) {
  (void)data;
  connection->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
  puts("ready");
  fflush(stdout);
}

// Whoever mounted this is gone: so is the mount, also while files of it are open.
static void *follow_owner(void *unused) {
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  fuse_session_unmount(session);
  _exit(0);
  return unused;
}

int main(int count, char **arguments) {
  if (count < 5) {
    fprintf(stderr, "usage: faultfs BACKING MOUNT CONTROL LOG [kernel-locks]\n");
    return 2;
  }
  umask(0);
  // They come to the owner's whole group; the mount ends with the owner.
  const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_IGN);
  root.fd = open(arguments[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
  control_path = arguments[3];
  log_file = open(arguments[4], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (root.fd < 0 || log_file < 0) {
    perror("faultfs");
    return 1;
  }
  struct fuse_lowlevel_ops operations = {
      .init = do_init,           .lookup = do_lookup,       .forget = do_forget,   .forget_multi = do_forget_multi,
      .getattr = do_getattr,     .setattr = do_setattr,     .readlink = do_readlink, .mkdir = do_mkdir,
      .unlink = do_unlink,       .rmdir = do_rmdir,         .symlink = do_symlink, .rename = do_rename,
      .link = do_link,           .open = do_open,           .create = do_create,   .read = do_read,
      .write = do_write,         .flush = do_flush,         .release = do_release, .fsync = do_fsync,
      .opendir = do_opendir,     .readdir = do_readdir,     .releasedir = do_releasedir, .fsyncdir = do_fsyncdir,
      .statfs = do_statfs,       .fallocate = do_fallocate, .flock = do_flock};
  if (count > 5 && !strcmp(arguments[5], "kernel-locks")) operations.flock = NULL;
  char *options[] = {arguments[0], "-ofsname=faultfs,default_permissions", NULL};
  struct fuse_args fuse_arguments = FUSE_ARGS_INIT(2, options);
  session = fuse_session_new(&fuse_arguments, &operations, sizeof operations, NULL);
  if (!session || fuse_session_mount(session, arguments[2]) != 0) return 1;
  pthread_t follower;
  if (pthread_create(&follower, NULL, follow_owner, NULL) != 0) return 1;
  struct fuse_loop_config loop = {.clone_fd = 0, .max_idle_threads = 4};
  const int ended = fuse_session_loop_mt(session, &loop);
  fuse_session_unmount(session);
  return ended == 0 ? 0 : 1;
}
