// What cgo cannot say by itself: functions of C that call back into Go, and user pointers that are numbers.
#ifndef MIRRA_GO_GLUE_H_
#define MIRRA_GO_GLUE_H_

#include <mirra/mirra.h>
#include <stdlib.h>

enum { MIRRA_GO_PROGRESS = 1, MIRRA_GO_TILE = 2 };

mirra_status mirra_go_engine_create(mirra_engine_options *options, uintptr_t log, uintptr_t loading,
                                    mirra_engine **engine, mirra_error **error);
mirra_status mirra_go_run(mirra_session *session, const mirra_port_value *values, size_t count,
                          mirra_run_options *options, int events, uintptr_t user, mirra_result **result,
                          mirra_error **error);
mirra_status mirra_go_submit(mirra_session *session, const mirra_port_value *values, size_t count,
                             mirra_run_options *options, int events, uintptr_t user, mirra_job **job,
                             mirra_error **error);
void mirra_go_set_source(mirra_source *source, uintptr_t user);
void mirra_go_set_sink(mirra_sink *sink, uintptr_t user);
mirra_status mirra_go_picture_wrap(const mirra_image *image, uintptr_t user, mirra_picture **picture,
                                   mirra_error **error);
void mirra_go_set_log(mirra_write_options *options, uintptr_t user);
void mirra_go_delete_tensor(DLManagedTensorVersioned *tensor);

#endif
