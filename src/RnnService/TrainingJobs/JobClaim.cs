namespace RnnService.TrainingJobs;

/// <summary>A worker's right to write to a job: good until another claim raises the fence.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Fence">The row's fencing number as this claim set it.</param>
internal sealed record JobClaim(string JobId, long Fence);

/// <summary>Another worker has claimed the job: this one must stop and write nothing more.</summary>
internal sealed class FencedException(JobClaim claim) : Exception($"The claim {claim.Fence} on {claim.JobId} is no longer the job's.");
