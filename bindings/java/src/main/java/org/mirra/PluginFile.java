package org.mirra;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.mirra.internal.Frame;
import org.mirra.raw.MirraPluginRecord;

/**
 * A file that was looked at in the search for plugins.
 *
 * @param path of the file
 * @param id of the plugin; "" if the file did not come so far
 * @param version of the plugin; "" likewise
 * @param loaded its tasks are there
 * @param reason why it was passed over, and what to do; "" if loaded
 * @param abi plugin ABI version agreed on; 0 if none was
 * @param taskCount how many tasks it has
 * @param takenTasks names of its tasks that another plugin had brought before: they are had as
 *     "ID:TASK" only
 */
public record PluginFile(
    Path path,
    String id,
    String version,
    boolean loaded,
    String reason,
    int abi,
    int taskCount,
    List<String> takenTasks) {
  static PluginFile of(MemorySegment s) {
    return new PluginFile(
        Path.of(Frame.text(MirraPluginRecord.path(s))),
        Frame.text(MirraPluginRecord.id(s)),
        Frame.text(MirraPluginRecord.version(s)),
        MirraPluginRecord.loaded(s) != 0,
        Frame.text(MirraPluginRecord.reason(s)),
        MirraPluginRecord.abi(s),
        MirraPluginRecord.task_count(s),
        Frame.texts(MirraPluginRecord.taken_tasks(s), MirraPluginRecord.taken_task_count(s)));
  }
}
