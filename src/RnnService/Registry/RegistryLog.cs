namespace RnnService.Registry;

/// <summary>What the log says about models.</summary>
internal static partial class RegistryLog
{
    [LoggerMessage(1, LogLevel.Information, "{Model}:{Version} answers with {Precision} weights: a probability differs from fp32 by {LargestDifference} at most, the most probable of {Answers} answers is the same in a share of {SameAnswers}")]
    public static partial void Rounded(ILogger log, string model, int version, string precision, float largestDifference, double sameAnswers, int answers);
}
