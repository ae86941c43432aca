namespace RnnService.Storage;

/// <summary>One measured number of a job.</summary>
internal sealed class MetricRow
{
    /// <summary>Grows with every row.</summary>
    public long Id { get; set; }

    /// <summary>The job.</summary>
    public required string JobId { get; set; }

    /// <summary>Optimizer updates done when it was measured.</summary>
    public long Step { get; set; }

    /// <summary>Epoch, from 1.</summary>
    public int Epoch { get; set; }

    /// <summary><c>train</c>, <c>validation</c> or <c>test</c>.</summary>
    public required string Split { get; set; }

    /// <summary>For example <c>loss</c> or <c>accuracy</c>.</summary>
    public required string Name { get; set; }

    /// <summary>Its value; always finite.</summary>
    public double Value { get; set; }
}
