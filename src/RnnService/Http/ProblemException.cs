namespace RnnService.Http;

/// <summary>Carries a problem out of code that is called deep inside a request.</summary>
internal sealed class ProblemException(ProblemResult problem) : Exception(problem.Detail)
{
    /// <summary>What to answer.</summary>
    public ProblemResult Problem { get; } = problem;
}
