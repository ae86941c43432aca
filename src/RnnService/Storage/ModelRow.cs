namespace RnnService.Storage;

/// <summary>A named model; its versions are numbered from 1.</summary>
internal sealed class ModelRow
{
    /// <summary>Unique.</summary>
    public required string Name { get; set; }

    /// <summary>What it was trained for, the same for all versions.</summary>
    public LearningTask Task { get; set; }

    /// <summary>When its first version was published (UTC).</summary>
    public DateTime CreatedAt { get; set; }
}
