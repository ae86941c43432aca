namespace RnnService.Storage.Examples;

/// <summary>What was found at one line of a file: an example, or what is wrong with it.</summary>
/// <param name="Line">Line on which the row begins, from 1.</param>
/// <param name="Example">The example, unless there is an error.</param>
/// <param name="Error">What is wrong, as a sentence.</param>
/// <param name="IsFatal">Whether nothing after it can be read, as with a wrong header.</param>
internal readonly record struct ExampleRow(long Line, DatasetExample? Example, string? Error, bool IsFatal = false)
{
    /// <summary>A good row.</summary>
    public static ExampleRow Of(long line, DatasetExample example) => new(line, example, null);

    /// <summary>A row that cannot be used.</summary>
    public static ExampleRow Bad(long line, string error) => new(line, null, error);

    /// <summary>A fault that ends the reading.</summary>
    public static ExampleRow Fatal(long line, string error) => new(line, null, error, IsFatal: true);
}
