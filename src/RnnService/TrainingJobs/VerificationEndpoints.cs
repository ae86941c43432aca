using Microsoft.AspNetCore.Http.HttpResults;
using RnnService.Http;

namespace RnnService.TrainingJobs;

/// <summary>The door from a published version to the job that verifies it.</summary>
internal static class VerificationEndpoints
{
    /// <summary>Maps <c>/api/v1/models/{name}/versions/{version}/verify</c>.</summary>
    public static void MapVerification(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v1/models/{name}/versions/{version:int}/verify", Verify).WithTags("Models").Idempotent().WithProblems(404, 409)
            .WithExample(null, TrainingJobExamples.Verification).WithParameterExample("name", TrainingJobExamples.Name).WithParameterExample("version", "1");

    /// <summary>Starts a job that replays a version's receipt</summary>
    /// <remarks>
    /// The same data, found by its hash, spec and seed are trained again on the same engine; no new version is published. The job's <c>result.verification</c> then says whether the weights
    /// are bit-identical to those of the receipt and to those stored, or why they cannot be compared: another engine version or instruction set. 409 when a dataset is gone or has changed.
    /// </remarks>
    /// <param name="name">The model.</param>
    /// <param name="version">The version's number.</param>
    /// <param name="verification">Turns the receipt into a job.</param>
    /// <param name="http">The request.</param>
    private static async Task<Results<Accepted<TrainingJobResponse>, ProblemResult>> Verify(string name, int version, VerificationSubmission verification, HttpContext http) =>
        await verification.SubmitAsync(name, version, http);
}
