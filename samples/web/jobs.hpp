// The queue of jobs, and the threads that run them.
#ifndef MIRRA_WEB_JOBS_HPP_
#define MIRRA_WEB_JOBS_HPP_

#include "job.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <thread>

namespace web {

class Jobs {
  public:
    Jobs(const Workshop &shop, int running, int waiting);
    Jobs(const Jobs &) = delete;
    Jobs &operator=(const Jobs &) = delete;
    ~Jobs();

    /// @throws api::Error busy where too many wait
    std::string submit(Request request);
    /// What the page is told. @throws api::Error not_found
    Json status(const std::string &name);
    [[nodiscard]] api::Memory preview(const std::string &name);
    /// Asks the job to stop; one that waits is over at once.
    void cancel(const std::string &name);
    /// Stops jobs that nobody has asked after for minutes, and forgets old ones.
    void tidy();
    /// Stops all jobs and takes no more.
    void end();

  private:
    enum class State { queued, running, done, failed, cancelled };
    struct Job;
    using JobPointer = std::shared_ptr<Job>;

    JobPointer find(const std::string &name);
    void serve();
    void execute(Job &job) const;

    const Workshop shop_;
    const std::size_t waiting_;
    std::mutex lock_;
    std::condition_variable change_;
    std::map<std::string, JobPointer> jobs_;
    std::deque<JobPointer> queue_;
    bool ended_ = false;
    std::vector<std::jthread> threads_;
};

} // namespace web

#endif // MIRRA_WEB_JOBS_HPP_
