namespace RnnService.TrainingJobs;

/// <summary>Makes a long list of measurements short enough to draw.</summary>
internal static class MetricsThinning
{
    /// <summary>At most <paramref name="most"/> points: whole steps, evenly spread, the last always among them.</summary>
    /// <param name="points">Ascending by step.</param>
    /// <param name="most">At least 1.</param>
    public static IReadOnlyList<MetricPoint> Thin(IReadOnlyList<MetricPoint> points, int most)
    {
        if (points.Count <= most) return points;
        var steps = points.GroupBy(point => point.Step).Select(group => group.ToList()).ToList();
        var keep = Math.Max(1, most / steps.Max(step => step.Count));
        var kept = Enumerable.Range(1, Math.Min(keep, steps.Count)).SelectMany(i => steps[(int)((long)i * steps.Count / Math.Min(keep, steps.Count)) - 1]).ToList();
        return kept.Count <= most ? kept : kept[..most];
    }
}
