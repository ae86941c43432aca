namespace RnnService;

/// <summary>Section <c>RnnService:Retention</c>: how long what a job leaves behind is kept after its end. The job, its final metrics and its model stay.</summary>
internal sealed record Retention
{
    /// <summary>Days after which the events of a job that has ended are forgotten, but for the last, which tells the end. Default 30.</summary>
    public int EventDays { get; init; } = 30;

    /// <summary>Days after which the measurements of every epoch are forgotten. Default 365: learning curves are small and worth comparing.</summary>
    public int MetricDays { get; init; } = 365;

    /// <summary>Days during which a failed or cancelled job can go on from its checkpoint; later it can only start anew. Default 7: two checkpoints of a job are three times its weights each.</summary>
    public int CheckpointDays { get; init; } = 7;

    /// <summary>The first that cannot be, as a sentence.</summary>
    public string? FirstError()
    {
        foreach (var property in typeof(Retention).GetProperties())
        {
            if (property.GetValue(this) is int value and (< 1 or > MostDays))
                return $"RnnService:Retention:{property.Name} is {value}; it must be 1 to {MostDays}.";
        }

        return null;
    }

    private const int MostDays = 36_500;
}
