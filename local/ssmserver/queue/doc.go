// Package queue is SQS standard queues in memory, spoken to in AWS JSON 1.0: what is sent is delivered at least once and
// in about the order in which it came. It knows nothing of what the messages say. FIFO queues, message attributes, dead
// letters and tags are not covered and refused. How messages would be encrypted can be set, and nothing is.
//
// Everything is bounded: a queue keeps 10,000 messages or 8 MiB of them and then drops the oldest, and there are at most
// 20 queues. All times are those of package time.
package queue
