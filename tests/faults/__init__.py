"""What must survive crashes, cut links, kicked clients and full disks: each with a figure, a seed and a control."""
